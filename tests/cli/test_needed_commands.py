"""The doctor's list of commands is what a gateway needs, and each that is refused is found."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import redis

from stack.valkey import Valkey
from taskbeam.cli.checks.commands import needed_commands, refused_commands
from taskbeam.gateway.dashboard.every_event import channel_pattern
from taskbeam.journal.control_keys import ONE_SERVER
from taskbeam.journal.feeds.names import FEED
from taskbeam.journal.keys import CELERY_PREFIX, JournalNames, TaskKeys, task_keys
from tests.gateway.ticks import ticks
from tests.support.closing import close_app
from tests.support.event_stream import EventStream
from tests.support.gateway import ROOT, gateway
from tests.support.jobs import jobs_app
from tests.support.journal import Journals
from tests.support.raw_websocket import RawWebSocket
from tests.support.redis_cluster import one_server
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import wait_until
from tests.support.worker import worker

from .running import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = one_server("of users of a cluster tests/cluster/test_permissions.py speaks")

USER = "gateway"
PASSWORD = "planted-secret"

ALL = needed_commands(sharded=False, dashboard=True, stock=True, notifies=True, history=True)
NEEDED = {str(command[0]) for command in ALL}

#: What redis-py and every subscription bring with them.
BESIDE = ("AUTH", "HELLO", "SELECT", "CLIENT", "UNSUBSCRIBE", "PUNSUBSCRIBE", "EXEC")

KEYS = ("~taskbeam:*", f"~{CELERY_PREFIX}*", f"~{{{CELERY_PREFIX}*", f"~{{{FEED}*")
CHANNELS = (f"&{CELERY_PREFIX}*", f"&{{{CELERY_PREFIX}*", f"&{{{FEED}*", f"&{channel_pattern(CELERY_PREFIX)}")


@pytest.fixture
def server() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


def allow(server: Valkey, *rights: str) -> str:
    """Let the user do what the rights say and nothing else; the URL of the server's second database."""
    with redis.Redis.from_url(server.url()) as client:
        client.execute_command("ACL", "SETUSER", USER, "reset", "on", f">{PASSWORD}", *rights)
    return server.url(1).replace("redis://", f"redis://{USER}:{PASSWORD}@")


def granted(commands: set[str]) -> list[str]:
    return [f"+{name.lower().replace(' ', '|')}" for name in sorted(commands | set(BESIDE))]


def test_the_scripts_give_no_other() -> None:
    called = set()
    for path in (ROOT / "taskbeam").rglob("*.lua"):
        called |= set(
            re.findall(
                r"(?:redis\.p?call\(\s*|optionally\((?:'[^']+'|\"[^\"]+\"), )'([A-Z]+)'", path.read_text()
            )
        )
    assert len(called) > 15
    clustered = {str(command[0]) for command in needed_commands(sharded=True, dashboard=False)}
    assert called <= NEEDED | clustered


def test_whoever_may_give_these_may_run_a_gateway(server: Valkey, tmp_path: Path) -> None:
    """Everything that a gateway does is done, and Redis refuses nothing."""
    backend = allow(server, *KEYS, *CHANNELS, *granted(NEEDED))
    with (
        worker(server.url(0), f"taskbeam+{server.url(1)}") as working,
        Journals(server.url(1)) as journals,
        gateway(
            server.url().removesuffix("/0"),
            result_backend=f"taskbeam+{backend}",
            dashboard="1",
            history=f"sqlite:///{tmp_path / 'history.db'}",
            watchdog_interval="0.1",
            lost_after="0.5",
            waiting_interval="0.1",
            fail_lost_tasks="1",
            stock="1",
            webhooks=json.dumps([{"url": "https://127.0.0.1:1/", "secret": f"whsec_{'A' * 32}"}]),
            **TOKENS,
        ) as served,
        httpx.Client(base_url=served.http, timeout=60) as http,
        redis.Redis.from_url(server.url(1)) as client,
    ):
        ada = bearer(sign(sub="user-1", owner="user-1", scope="send read cancel"))
        task = journals.task(labels={"owner": "user-1"})
        with (
            EventStream(served, task.id, headers=ada) as stream,
            RawWebSocket(served, f"/tasks/{task.id}/ws", headers=ada) as socket,
        ):
            assert stream.body() == socket.body() == task.bodies()[0]
            task.append()
            assert stream.body() == socket.body() == task.bodies()[1]
        ticket = http.post(f"/tasks/{task.id}/tickets", headers=ada).json()["ticket"]
        assert http.get(f"/tasks/{task.id}?ticket={ticket}").status_code == 200
        assert http.post(f"/tasks/{task.id}/cancel", headers=ada).status_code == 202
        made = http.post("/reports", json={"user_id": 1}, headers=ada | {"Idempotency-Key": "once"})
        assert made.status_code == 202, made.text
        once = bearer(sign(owner="user-1", scope="send", uses=1))
        sent = [http.post("/reports", json={"user_id": 1}, headers=once).status_code for _ in range(2)]
        assert sent == [202, 403]
        assert http.get(f"/tasks/{made.json()['task_id']}/events?wait=1", headers=ada).status_code == 200
        lost = send_long_task(server)
        wait_until(lambda: bool(client.keys("taskbeam:runs:*")))
        working.kill()
        wait_until(lambda: client.hget(task_keys(lost).head, "state") == b"LOST")
        assert run("revoke", "--owner", "user-1", result_backend=f"taskbeam+{backend}").returncode == 0
        wait_until(lambda: http.get(f"/tasks/{task.id}", headers=ada).status_code == 401)
        wait_until(
            lambda: not client.xlen(ONE_SERVER.dashboard_owed) and client.exists(ONE_SERVER.dashboard_owed)
        )
        # What is due is told in vain: nobody is told by a request to this machine.
        for member in client.zrange(ONE_SERVER.notify_due, 0, -1):
            client.zadd(ONE_SERVER.notify_due, {member: 0})
        wait_until(lambda: client.exists(ONE_SERVER.notify_tries))
    assert denied(server) == []


def send_long_task(server: Valkey) -> str:
    """The id of a task that a worker begins and does not end for long."""
    app = jobs_app(server.url(0), f"taskbeam+{server.url(1)}")
    try:
        return str(app.send_task("jobs.digest", (1_000_000,)).id)
    finally:
        close_app(app)


@pytest.mark.parametrize("command", sorted(NEEDED))
def test_each_that_is_refused_is_found(server: Valkey, command: str) -> None:
    backend = allow(server, *KEYS, *CHANNELS, *granted(NEEDED - {command}))
    assert set(asyncio.run(refused(backend))) == {command}


#: The pattern covers the channels of its own, too, so they are refused together.
@pytest.mark.parametrize("missing", [*KEYS, CHANNELS[0], CHANNELS[2], CHANNELS[1:]])
def test_keys_and_channels_that_are_refused_are_found(server: Valkey, missing: str | tuple[str, ...]) -> None:
    without = missing if isinstance(missing, tuple) else (missing,)
    names = [each for each in (*KEYS, *CHANNELS) if each not in without]
    found = asyncio.run(refused(allow(server, *names, *granted(NEEDED))))
    kind = "channel" if without[0].startswith("&") else "key"
    assert found
    assert all(kind in why for why in found.values())


def test_of_the_doctor(server: Valkey) -> None:
    """It says what is refused, and what to allow."""
    allowed = granted(NEEDED - {"EVALSHA", "SCRIPT LOAD"})
    backend = allow(server, *KEYS[:1], *CHANNELS, *allowed)
    done = run(
        "doctor",
        "--json",
        broker_url=server.url(),
        result_backend=f"taskbeam+{backend}",
        auth="open",
        max_connections="50",
    )
    (finding,) = [each for each in json.loads(done.stdout) if each["subject"] == "Permissions"]
    assert finding["level"] == "problem"
    assert "may not give SCRIPT LOAD, EVALSHA" in finding["what"]
    on_keys = "RPUSH, EXPIRE, LLEN, LINDEX, LRANGE, LPOP, SET, GETRANGE, DEL, EVAL"
    assert f"may not use our keys ({on_keys})" in finding["what"]
    assert "+script|load +evalsha" in finding["do"]
    assert PASSWORD not in done.stdout


def test_it_leaves_no_warning(server: Valkey) -> None:
    """It tries whether it may publish, on a channel that the dashboard hears."""
    with (
        gateway(server.url().removesuffix("/0"), dashboard="1") as served,
        redis.Redis.from_url(server.url()) as client,
    ):
        wait_until(lambda: bool(ticks(served)))
        assert asyncio.run(refused(server.url(1))) == {}
        assert client.publish("{celery-task-meta-later}:live", "junk") == 1
        wait_until(lambda: "celery-task-meta-later" in served.process.output)
        assert served.process.output.count("which is no event") == 1


async def refused(url: str) -> dict[str, str]:
    client = redis.asyncio.Redis.from_url(url, protocol=2)
    try:
        return await refused_commands(client, ONE_SERVER, ALL, JournalNames(CELERY_PREFIX, TaskKeys))
    finally:
        await client.aclose()


def denied(server: Valkey) -> list[Any]:
    """What Redis has refused to anybody."""
    with redis.Redis.from_url(server.url()) as client:
        log: Any = client.acl_log()
        return [(each["username"], each["reason"], each["object"]) for each in log]
