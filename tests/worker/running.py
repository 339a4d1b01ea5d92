"""Real workers, started as they are in production, and real jobs for them."""

import json
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celery import Celery

from stack.process import ManagedProcess
from stack.valkey import Valkey
from tests.support.redis_cluster import subscribed
from tests.support.results import client_of, results_at
from tests.support.worker import hears_broadcasts
from worker.celery_app import create_celery
from worker.settings import WorkerSettings

DEADLINE_SECONDS = 60.0


def settings_for(
    valkey: Valkey, folder: Path, backend: str = "taskbeam+", smtp_url: str = "smtp://127.0.0.1:1"
) -> WorkerSettings:
    return WorkerSettings(
        broker_url=valkey.url(0),
        result_backend=backend + results_at(valkey.url(1)),
        database_url=f"sqlite:///{folder}/shop.db",
        files_dir=folder / "files",
        uploads_dir=folder / "uploads",
        smtp_url=smtp_url,
    )


@contextmanager
def worker(settings: WorkerSettings, queues: str = "reports", processes: int = 1) -> Iterator[Celery]:
    """A running prefork worker for the queues, and an application to send it jobs."""
    with worker_process(settings, queues, processes) as process, create_celery(settings) as app:
        process.wait_until(lambda: hears_broadcasts(app), DEADLINE_SECONDS)
        yield app


@contextmanager
def worker_process(
    settings: WorkerSettings, queues: str = "reports", processes: int = 1
) -> Iterator[ManagedProcess]:
    """The process of one, which starts."""
    environment = {f"TASKBEAM_{name.upper()}": str(value) for name, value in settings.model_dump().items()}
    command = [
        sys.executable,
        "-m",
        "worker",
        "worker",
        "-Q",
        queues,
        "-c",
        str(processes),
        "-n",
        f"{queues.replace(',', '-')}@%h",  # workers of one name count as one
        "--without-mingle",
        "--loglevel=INFO",
    ]
    with ManagedProcess("worker", command, env=environment) as process:
        yield process


def follow(app: Celery, valkey: Valkey, name: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    """Send a job and yield what Celery publishes about it until it ends, in full and in order."""
    task_id = str(uuid.uuid4())
    deadline = time.monotonic() + DEADLINE_SECONDS
    channel_name = f"celery-task-meta-{task_id}"
    with client_of(valkey.url(1)) as client, subscribed(client, channel_name) as channel:
        app.send_task(name, kwargs=arguments, task_id=task_id)
        while time.monotonic() < deadline:
            message = channel.get_message(timeout=1.0)
            if message is not None:
                meta = json.loads(message["data"])
                yield meta
                if meta["status"] in ("SUCCESS", "FAILURE"):
                    return
    raise TimeoutError(f"task {task_id} has not ended")
