"""A real worker, started as it is in production, on a real Valkey."""

import json
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from stack.process import ManagedProcess
from stack.valkey import Valkey
from worker.celery_app import create_celery
from worker.settings import WorkerSettings

DEADLINE_SECONDS = 60.0


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


def settings_for(valkey: Valkey, folder: Path, backend: str = "taskbeam+") -> WorkerSettings:
    return WorkerSettings(
        broker_url=valkey.url(0),
        result_backend=f"{backend}{valkey.url(1)}",
        database_url=f"sqlite:///{folder}/shop.db",
        files_dir=folder / "files",
    )


@contextmanager
def worker(settings: WorkerSettings) -> Iterator[Celery]:
    """A running prefork worker for the settings' queue, and an application to send it jobs."""
    environment = {f"TASKBEAM_{name.upper()}": str(value) for name, value in settings.model_dump().items()}
    command = [sys.executable, "-m", "worker", "worker", "-Q", "reports", "-c", "1", "--without-mingle"]
    app = create_celery(settings)
    with ManagedProcess("worker", command, env=environment) as process:
        process.wait_until(lambda: bool(app.control.ping(timeout=0.5)), DEADLINE_SECONDS)
        yield app
    app.close()


def follow(app: Celery, valkey: Valkey, user_id: int) -> Iterator[dict[str, Any]]:
    """Send a job and yield what Celery publishes about it until it ends, in full and in order."""
    task_id = str(uuid.uuid4())
    deadline = time.monotonic() + DEADLINE_SECONDS
    with redis.Redis.from_url(valkey.url(1)) as client, client.pubsub() as channel:
        channel.subscribe(f"celery-task-meta-{task_id}")
        assert channel.get_message(timeout=5) is not None  # subscribed
        app.send_task("reports.generate", [user_id], task_id=task_id)
        while time.monotonic() < deadline:
            message = channel.get_message(timeout=1.0)
            if message is not None:
                meta = json.loads(message["data"])
                yield meta
                if meta["status"] in ("SUCCESS", "FAILURE"):
                    return
    raise TimeoutError(f"task {task_id} has not ended")


def test_a_report_is_made_and_its_progress_told(valkey: Valkey, tmp_path: Path) -> None:
    with worker(settings_for(valkey, tmp_path)) as app:
        assert (tmp_path / "shop.db").exists()  # prepared before the first job
        *steps, end = follow(app, valkey, 123)
        assert [step["status"] for step in steps] == ["STARTED", *["PROGRESS"] * 5]
        assert [step["result"]["current"] for step in steps[1:]] == [1, 2, 3, 4, 5]
        assert end["status"] == "SUCCESS"
        result = end["result"]
        stored = tmp_path / result["report_url"].lstrip("/")
        assert result["user_id"] == 123
        assert result["bytes"] == stored.stat().st_size

        *steps, again = follow(app, valkey, 123)
        assert again["result"] == result
        assert [step["result"]["current"] for step in steps[1:]] == [1, 5]

        unknown = list(follow(app, valkey, 99_999))
        assert [meta["status"] for meta in unknown] == ["STARTED", "FAILURE"]
        assert unknown[-1]["result"]["exc_type"] == "UnknownUserError"


def test_a_database_that_comes_back_costs_a_retry_and_no_report(valkey: Valkey, tmp_path: Path) -> None:
    broken = tmp_path / "shop.db"
    broken.write_bytes(b"this is no database, and SQLite will say so" * 20)
    statuses = []
    with worker(settings_for(valkey, tmp_path, backend="")) as app:
        for meta in follow(app, valkey, 123):
            if meta["status"] == "RETRY":
                broken.unlink(missing_ok=True)
            statuses.append(meta["status"])
    assert statuses[:3] == ["STARTED", "RETRY", "STARTED"]
    assert statuses[-1] == "SUCCESS"
    assert [path.suffix for path in (tmp_path / "files" / "reports").iterdir()] == [".pdf"]
