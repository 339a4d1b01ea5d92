"""The application of the article, as it is printed, is followed by one setting over each transport.

Its pins are left out, for they cannot be installed any more, and its worker imports the tasks (``-I``), as
the article forgets to say. What Celery itself reads from the environment says where this Redis is.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from stack.ports import kept_port
from stack.process import ManagedProcess
from stack.readiness import UrlAnswers
from taskbeam.journal.keys import task_keys
from tests.support.clients import TRANSPORTS, Event, until
from tests.support.gateway import Gateway
from tests.support.waiting import START_TIMEOUT, wait_until

from .conftest import heard_on_one_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

    from stack.valkey import Valkey

pytestmark = heard_on_one_server

ARTICLE = Path(__file__).resolve().parents[1] / "data" / "article"

#: A worker whose clock does not wait, and whose dice fail the third step once.
WORKER = """
import itertools, sys, types
import app.tasks
dice = itertools.chain([0.9, 0.9, 0.1], itertools.repeat(0.9))
app.tasks.time = types.SimpleNamespace(sleep=lambda seconds: None)
app.tasks.random = types.SimpleNamespace(random=lambda: next(dice))
from celery.bin.celery import main
sys.argv = ["celery", "-A", "app.celery_app.celery", "worker", "-I", "app.tasks", "-c", "1"]
main()
"""


@pytest.fixture
def environment(valkey: Valkey) -> dict[str, str]:
    return {
        "CELERY_BROKER_URL": valkey.url(2),
        "CELERY_RESULT_BACKEND": valkey.url(1),
        "C_FORCE_ROOT": "1",
        "TASKBEAM_STOCK": "1",
        "TASKBEAM_AUTH": "open",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The article's files."""
    package = tmp_path / "app"
    package.mkdir()
    (package / "__init__.py").touch()
    for source in ARTICLE.glob("*.txt"):
        (package / source.name.removesuffix(".txt")).write_text(source.read_text())
    return tmp_path


@pytest.fixture
def api(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The article's own API."""
    with kept_port() as port:
        argv = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port)]
        with ManagedProcess("article", argv, env=environment, cwd=folder) as process:
            origin = f"http://127.0.0.1:{port}"
            process.wait_until(UrlAnswers(f"{origin}/openapi.json"), START_TIMEOUT)
            yield origin


@pytest.fixture
def served(folder: Path, environment: dict[str, str]) -> Iterator[Gateway]:
    """A gateway beside it."""
    with kept_port() as port:
        argv = [sys.executable, "-m", "taskbeam", "serve", "--celery", "app.celery_app:celery"]
        argv += ["--port", str(port)]
        with ManagedProcess("gateway", argv, env=environment, cwd=folder) as process:
            process.wait_until(UrlAnswers(f"http://127.0.0.1:{port}/readyz"), START_TIMEOUT)
            yield Gateway(process, port)


def test_the_articles_application_is_followed_by_one_setting(
    api: str, served: Gateway, folder: Path, environment: dict[str, str], client: redis.Redis
) -> None:
    task_id = httpx.post(f"{api}/reports", json={"user_id": 123}, timeout=60).json()["task_id"]
    seen = asyncio.run(follow(served, task_id, folder, environment, client))
    kept = httpx.get(f"{served.http}/tasks/{task_id}/events?limit=1000", timeout=60).json()["events"]
    for transport, events in seen.items():
        assert [event for event in events if event.get("known", True)] == kept, transport
    steps = [(event["state"], event.get("progress", {}).get("current")) for event in kept]
    again = [("STARTED", None), *(("PROGRESS", step) for step in range(1, 6)), ("SUCCESS", None)]
    assert steps == [*again[:4], ("RETRY", None), *again]
    assert kept[3]["progress"] == {"current": 3, "total": 5, "percent": 60.0, "message": "Step 3/5"}
    report = {"user_id": 123, "report_url": "https://example.com/reports/123.pdf"}
    assert kept[-1]["result"] == report
    assert "Transient" not in json.dumps(kept)
    status = httpx.get(f"{api}/reports/{task_id}", timeout=60).json()
    assert status == {"task_id": task_id, "state": "SUCCESS", "result": report}
    rest = httpx.get(f"{served.http}/tasks/{task_id}", timeout=60).json()
    assert rest == {**kept[-1], "last_event_id": kept[-1]["id"]}


async def follow(
    served: Gateway, task_id: str, folder: Path, environment: dict[str, str], client: redis.Redis
) -> dict[str, list[Event]]:
    """What each transport tells, from before the worker starts to the end."""

    async def one(transport: str) -> list[Event]:
        return await until(TRANSPORTS[transport](served, task_id, None), is_final)

    async def is_final(event: Event) -> bool:
        return bool(event["final"])

    channel = task_keys(task_id).hearers
    async with asyncio.timeout(120), asyncio.TaskGroup() as clients:
        following = {transport: clients.create_task(one(transport)) for transport in TRANSPORTS}
        await asyncio.to_thread(wait_until, lambda: client.pubsub_numsub(channel)[0][1] == 1)
        argv = [sys.executable, "-c", WORKER]
        with ManagedProcess("worker", argv, env=environment, cwd=folder):
            await asyncio.wait(following.values())
    return {transport: client.result() for transport, client in following.items()}
