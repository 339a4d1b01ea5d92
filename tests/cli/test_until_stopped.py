"""`taskbeam notify` and `taskbeam watchdog` end in order when told to, also as the first of a container."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psutil
import pytest

from stack.process import ManagedProcess
from stack.valkey import Valkey
from taskbeam.notifications.lanes import SLOW_WAITING, Pace
from taskbeam.notifications.webhook import new_secret
from tests.notifications.stage import due_now, until
from tests.support.gateway import ROOT
from tests.support.journal import Journals
from tests.support.receiver import receiving
from tests.support.results import control, emptied, results_at
from tests.support.waiting import DEADLINE, START_TIMEOUT, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The database of the results.
DB = 1

STOPS = (signal.SIGTERM, signal.SIGINT)

#: Messages to a service that does not answer: so many are under way, and so many wait for their turn.
MANY = Pace.NEW.value + SLOW_WAITING


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


def process(name: str, valkey: Valkey, **settings: str) -> ManagedProcess:
    """A command that runs until it is stopped."""
    environment = {f"TASKBEAM_{each.upper()}": value for each, value in settings.items()} | {
        "TASKBEAM_BROKER_URL": valkey.url(),
        "TASKBEAM_RESULT_BACKEND": "taskbeam+" + results_at(valkey.url(DB)),
    }
    return ManagedProcess(name, [sys.executable, "-m", "taskbeam", name], env=environment, cwd=ROOT)


def handled(pid: int) -> set[signal.Signals]:
    """Which signals a process has handlers for: the first of a container ignores all others."""
    status = Path(f"/proc/{pid}/status").read_text()
    [mask] = re.findall(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return {number for number in STOPS if int(mask, 16) >> (number - 1) & 1}


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells which signals a process handles")
@pytest.mark.parametrize("number", STOPS)
def test_a_watchdog_ends_when_it_is_told_to(valkey: Valkey, number: signal.Signals) -> None:
    with process("watchdog", valkey) as watchdog:
        watchdog.wait_until(lambda: handled(watchdog.pid) == set(STOPS), START_TIMEOUT)
        wait_until(lambda: bool(psutil.Process(watchdog.pid).net_connections("tcp")))  # it looks at leases
        watchdog.send_signal(number)
        assert watchdog.wait(DEADLINE) == 0, watchdog.output
        assert "Traceback" not in watchdog.output


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells which signals a process handles")
@pytest.mark.parametrize("number", STOPS)
def test_a_sender_that_is_told_to_end_gives_back_what_it_has_in_hand(
    valkey: Valkey, number: signal.Signals
) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()  # until the sender hangs up

    async def test(store: Any, journals: Journals) -> None:
        async with receiving(silent) as receiver:
            webhook = {"url": f"http://127.0.0.1:{receiver.port}/x", "secret": new_secret()}
            settings = {"webhooks": json.dumps([webhook]), "webhook_networks": '["127.0.0.0/8"]'}
            with await asyncio.to_thread(process, "notify", valkey, **settings) as sender:
                await until(lambda: store.exists(control().notify_targets))
                assert handled(sender.pid) == set(STOPS)
                for _ in range(MANY):
                    journals.task().finish()
                due_now(store)
                await until(lambda: receiver.requests and taken(store) == MANY)
                sender.send_signal(number)
                assert await asyncio.to_thread(sender.wait, DEADLINE) == 0, sender.output
                assert "Traceback" not in sender.output
        assert (store.zcard(control().notify_due), taken(store)) == (MANY, 0)

    with (
        emptied(valkey.url(DB), decode_responses=True) as store,
        Journals(valkey.url(DB)) as journals,
    ):
        asyncio.run(test(store, journals))


def taken(store: Any) -> int:
    """How many messages a sender has taken, for a minute."""
    seconds, microseconds = store.time()
    rows = cast("list[tuple[str, float]]", store.zrange(control().notify_due, 0, -1, withscores=True))
    now = seconds * 1000 + microseconds / 1000
    return sum(member.startswith("to") and due > now for member, due in rows)
