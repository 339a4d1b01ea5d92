"""A gateway with no more of Redis' permissions than the page lists is refused nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from redis import Redis

from tests.docs.samples import serving
from tests.support.gateway import ROOT
from tests.support.journal import Journals
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack.valkey import Valkey

USER, PASSWORD = "gateway", "secret"

#: Names that begin with these, and in braces.
PREFIXES = ("celery-task-meta-", "{celery-task-meta-", "taskbeam:")

#: What the watchdog, the dashboard and a follower call.
CALLED = {"time", "zrange", "psubscribe", "subscribe", "evalsha"}


def section() -> str:
    page = (ROOT / "docs/operating.md").read_text()
    return page.split("### Redis permissions\n")[1].split("\n#")[0]


@pytest.fixture
def permitted(valkey: Valkey) -> Iterator[Any]:
    """A connection of an administrator, who has made the gateway's user as the page says."""
    text = section()
    categories = re.findall(r"`@(\w+)`", text)
    commands = re.findall(r"the command `([A-Z]+)`", text)
    with Redis.from_url(valkey.url()) as administrator:
        administrator.acl_setuser(
            USER,
            enabled=True,
            passwords=[f"+{PASSWORD}"],
            keys=[f"{prefix}*" for prefix in PREFIXES],
            channels=[
                *(f"{prefix}*" for prefix in PREFIXES),
                *re.findall(r"the channel pattern `(.+?)`", text),
            ],
            categories=[f"+@{name}" for name in categories],
            commands=[f"+{name.lower()}" for name in commands],
        )
        yield administrator


def test_it_is_refused_nothing(valkey: Valkey, permitted: Any, tmp_path: Path) -> None:
    backend = valkey.url(1).replace("redis://", f"taskbeam+redis://{USER}:{PASSWORD}@")
    variables = {
        "TASKBEAM_BROKER_URL": valkey.url(0),
        "TASKBEAM_RESULT_BACKEND": backend,
        "TASKBEAM_AUTH": "open",
        "TASKBEAM_DASHBOARD": "1",
        "TASKBEAM_WATCHDOG_INTERVAL": "0.1",
        "TASKBEAM_WAITING_INTERVAL": "0.1",
    }
    permitted.acl_log_reset()
    with serving("taskbeam serve", tmp_path, "", **variables) as origin, Journals(valkey.url(1)) as journals:
        task = journals.task()
        address = f"{origin}/tasks/{task.id}"
        with httpx.stream("GET", f"{address}/events", timeout=DEADLINE) as stream:
            assert httpx.post(f"{address}/tickets").status_code == 201
            assert httpx.post(f"{address}/cancel").status_code == 202
            task.append(state="SUCCESS", type="state", final=True)
            assert '"state":"SUCCESS"' in stream.read().decode()
        wait_until(lambda: called(permitted) >= CALLED, lambda: f"{CALLED - called(permitted)}")
    refused = [
        (entry["reason"], entry["object"]) for entry in permitted.acl_log() if entry["username"] == USER
    ]
    assert refused == []


def called(administrator: Any) -> set[str]:
    found = administrator.info("commandstats")
    return {name.removeprefix("cmdstat_").partition("|")[0] for name in found}
