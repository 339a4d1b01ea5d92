"""Gateways and workers with no more of Redis' permissions than the page lists are refused nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from celery import chain, chord, group
from redis import Redis

from stack.process import ManagedProcess
from taskbeam.journal.keys import task_keys
from tests.cli.running import COMMAND, clean, run
from tests.docs.samples import serving
from tests.gateway.feeds.owner import Owner
from tests.support.closing import close_app
from tests.support.gateway import ROOT, gateway
from tests.support.jobs import jobs_app
from tests.support.journal import Journals
from tests.support.redis_cluster import one_server
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import DEADLINE, wait_until
from tests.support.worker import worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack.valkey import Valkey

pytestmark = one_server("of users of a cluster tests/cluster/test_permissions.py speaks")

USER, PASSWORD = "gateway", "secret"

#: What the watchdog, the dashboard and a follower call.
CALLED = {"time", "zrange", "psubscribe", "subscribe", "evalsha"}


def section() -> str:
    page = (ROOT / "docs/operating.md").read_text()
    return page.split("### Redis permissions\n")[1].split("\n#")[0]


def allow(administrator: Any, part: str) -> None:
    """Make the user with what the page says for a part, and no more."""
    [rights] = re.findall(rf"^ACL SETUSER taskbeam-{part} (.+)$", section(), re.MULTILINE)
    administrator.execute_command("ACL SETUSER", USER, "reset", *rights.replace("PASSWORD", PASSWORD).split())


@pytest.fixture
def permitted(valkey: Valkey) -> Iterator[Any]:
    """A connection of an administrator, who has made the gateway's user as the page says."""
    with Redis.from_url(valkey.url()) as administrator:
        allow(administrator, "gateway")
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
    assert refused(permitted) == []


def test_nor_is_a_gateway_that_does_all_it_can(valkey: Valkey, permitted: Any) -> None:
    """Tokens, tickets, quotas, counts of connections, API keys and their log, feeds, the command."""
    backend = valkey.url(1).replace("redis://", f"taskbeam+redis://{USER}:{PASSWORD}@")
    permitted.acl_log_reset()
    with (
        gateway(
            valkey.url().removesuffix("/0"),
            result_backend=backend,
            key_management=1,
            dashboard=1,
            waiting_interval=0.1,
            **TOKENS,
        ) as served,
        Journals(valkey.url(1)) as journals,
        httpx.Client(base_url=served.http, timeout=DEADLINE) as http,
    ):
        owner = Owner(served, journals)
        task = owner.task()
        with owner.stream() as stream, owner.socket() as socket:
            socket.say(op="subscribe", id="a", task_id=task.id)
            assert socket.json()["task_id"] == task.id
            wait_until(lambda: bool(journals.redis.keys("taskbeam:{census}:held:*")))
            task.finish()
            while b'"state":"SUCCESS"' not in stream.body():
                pass
        assert owner.list()["tasks"]
        assert owner.events()["events"]
        assert owner.get("/events", wait=1, after="0-0").status_code == 200
        assert http.post(f"/feeds/{quote(owner.feed)}/tickets", headers=owner.headers).status_code == 201
        send_with_keys(http, backend)
        send_in_bounds(http)
        command("revoke", "--owner", owner.name, "--token", "a-token", result_backend=backend)
        wait_until(lambda: owner.get().status_code == 401)
    assert refused(permitted) == []


def send_with_keys(http: httpx.Client, backend: str) -> None:
    """Make, use, rotate, revoke and list API keys, over HTTP and at the command line."""
    admin = {"X-API-Key": command("keys", "create", "platform", "--admin", result_backend=backend)}
    made = http.post("/keys", headers=admin, json={"name": "shop", "owners": ["user-1"]}).json()
    sending = {"X-API-Key": made["key"]}
    assert http.post("/reports", headers=sending, json={"user_id": 1}).status_code == 202
    assert http.post(f"/keys/{made['id']}/rotate?grace=60", headers=admin).status_code in (200, 201)
    assert http.post(f"/keys/{made['id']}/revoke", headers=admin).status_code == 200
    assert http.post("/reports", headers=sending, json={"user_id": 1}).status_code == 401
    assert http.get("/keys", headers=admin).status_code == 200
    assert command("keys", "create", "other", result_backend=backend)
    known = json.loads(command("keys", "list", "--json", result_backend=backend))
    [other] = [key["id"] for key in known if key["name"] == "other"]
    for change in ("rotate", "revoke"):
        assert command("keys", change, other, result_backend=backend)
    assert command("keys", "audit", "--json", result_backend=backend) != "[]"


def send_in_bounds(http: httpx.Client) -> None:
    """With a token that is for one task, and twice with the same key; a ticket opens the task."""
    sending = bearer(sign(owner="user-1", scope="send", uses=1)) | {"Idempotency-Key": "once"}
    sent = [http.post("/reports", headers=sending, json={"user_id": 1}) for _ in range(2)]
    assert sent[0].status_code == 202
    address, reading = f"/tasks/{sent[0].json()['task_id']}", bearer(sign(owner="user-1"))
    ticket = http.post(f"{address}/tickets", headers=reading).json()["ticket"]
    assert http.get(f"{address}?ticket={ticket}").status_code == 200
    assert http.post(f"{address}/cancel", headers=reading).status_code == 202


def test_nor_is_a_watchdog_alone(valkey: Valkey, permitted: Any) -> None:
    backend = valkey.url(1).replace("redis://", f"taskbeam+redis://{USER}:{PASSWORD}@")
    permitted.acl_log_reset()
    app = jobs_app(valkey.url(0), f"taskbeam+{valkey.url(1)}")
    settings = {"result_backend": backend, "watchdog_interval": "0.1", "lost_after": "0.3"}
    with (
        worker(valkey.url(0), f"taskbeam+{valkey.url(1)}") as working,
        ManagedProcess(
            "watchdog", [*COMMAND, "watchdog"], env=clean(**settings, fail_lost_tasks="1"), cwd=ROOT
        ),
        Redis.from_url(valkey.url(1)) as client,
    ):
        try:
            lost = app.send_task("jobs.digest", (1_000_000,)).id
        finally:
            close_app(app)
        wait_until(lambda: client.hget(task_keys(lost).head, "run") not in (None, b""))
        working.kill()
        wait_until(lambda: client.hget(task_keys(lost).head, "state") == b"LOST")
    assert refused(permitted) == []


@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
def test_nor_is_a_worker(valkey: Valkey, permitted: Any) -> None:
    """With what canvases need, and who sends them."""
    allow(permitted, "worker")
    backend = valkey.url(3).replace("redis://", f"taskbeam+redis://{USER}:{PASSWORD}@")
    permitted.acl_log_reset()
    with worker(valkey.url(2), backend, pool="threads"):
        app = jobs_app(valkey.url(2), backend)
        try:
            add, total = app.signature("jobs.add", [1, 2], immutable=True), app.signature("jobs.total")
            assert chord([add, add], total).apply_async().get(timeout=DEADLINE) == 6
            assert chain(add, add).apply_async().get(timeout=DEADLINE) == 3
            saved: Any = group(add, add).apply_async()
            saved.save()
            assert saved.get(timeout=DEADLINE) == [3, 3]
            with pytest.raises(Exception):  # noqa: B017, PT011
                app.send_task("jobs.broken").get(timeout=DEADLINE)
        finally:
            close_app(app)
    assert refused(permitted) == []


def command(*arguments: str, **variables: str) -> str:
    """What `taskbeam` prints."""
    done = run(*arguments, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip() or done.stderr


def refused(administrator: Any) -> list[tuple[str, str]]:
    """What Redis has refused to the user."""
    log = administrator.acl_log()
    return [(entry["reason"], entry["object"]) for entry in log if entry["username"] == USER]


def called(administrator: Any) -> set[str]:
    found = administrator.info("commandstats")
    return {name.removeprefix("cmdstat_").partition("|")[0] for name in found}
