"""A real gateway that knows nothing of the application's limits, and the journals of its real workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from celery import Celery

from stack.valkey import Valkey
from taskbeam.journal.limits import OPEN_EXPIRES
from taskbeam.presence.judgement import GIVEN_UP
from tests.support.closing import close_app
from tests.support.gateway import Gateway, gateway
from tests.support.results import client_of, control, names, results_at
from tests.support.waiting import wait_until
from tests.support.worker import worker

from .limit_jobs import DAY, EXPIRES, FAILURE_EXPIRES, KEEP, limits_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbeam.journal.keys import TaskKeys

#: How many events a task has told before others speak: PENDING, STARTED, and its reports.
EVENTS, REPORTS = 3003, 3001

#: Seconds that may go by between a write and a look at what it left.
SLACK = 120


class Site:
    """A server, the gateway beside it, and what a test looks at."""

    def __init__(self, valkey: Valkey, served: Gateway) -> None:
        self.broker, self.backend = valkey.url(0), "taskbeam+" + results_at(valkey.url(1))
        self.redis = client_of(valkey.url(1))
        self.app = limits_app(self.broker, self.backend)
        self.served = served

    def events(self, task_id: str) -> int:
        """How many the journal holds."""
        count: Any = self.redis.llen(names(task_id).log)
        return int(count)

    def state(self, task_id: str) -> str:
        state: Any = self.redis.hget(names(task_id).head, "state")
        return (state or b"").decode()

    def until_reported(self, task_id: str) -> None:
        wait_until(
            lambda: self.events(task_id) == EVENTS, lambda: f"{self.events(task_id)} of {EVENTS} events"
        )

    def cancel(self, task_id: str) -> str:
        answer = httpx.post(f"{self.served.http}/tasks/{task_id}/cancel", timeout=60)
        done: str = answer.json()["cancel"]
        return done

    def lives(self, keys: TaskKeys) -> list[int]:
        """Seconds that Celery's result, head and log have left."""
        lives: list[Any] = [self.redis.ttl(key) for key in (keys.result, keys.head, keys.log)]
        return lives

    def workers(self) -> set[bytes]:
        """Those that have a lease."""
        return set(self.redis.zrange(control().workers, 0, -1))

    def close(self) -> None:
        self.redis.close()
        close_app(self.app)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    watchful: dict[str, Any] = {"watchdog_interval": 0.2, "lost_after": 0.2, "fail_lost_tasks": True}
    with Valkey() as server, gateway(server.url().rsplit("/", 1)[0], **watchful) as served:
        made = Site(server, served)
        yield made
        made.close()


def test_a_cancel_drops_nothing_that_the_workers_keep(site: Site) -> None:
    """The workers are configured; whoever sends the task, like the gateway itself, is not."""
    sender = Celery("sender", broker=site.broker, backend=site.backend, set_as_current=False)
    with worker(site.broker, site.backend, "threads", app="tests.taskbeam.limit_jobs") as process:
        task_id = sender.send_task("limits.report", [REPORTS]).id
        site.until_reported(task_id)
        assert site.cancel(task_id) == "requested"
        assert site.events(task_id) == EVENTS + 1
        process.kill()
    close_app(sender)
    epoch: Any = site.redis.hget(names(task_id).head, "epoch")
    page = httpx.get(
        f"{site.served.http}/tasks/{task_id}/events",
        params={"after": f"{epoch.decode()}-5", "limit": 1},
        timeout=60,
    ).json()
    assert page["events"][0]["id"] == f"{epoch.decode()}-6"
    lives = site.lives(names(task_id))[1:]
    assert all(OPEN_EXPIRES - SLACK < life <= OPEN_EXPIRES for life in lives)


@pytest.mark.parametrize("countdown", [None, 20 * DAY])
def test_a_task_that_is_cancelled_while_it_waits_expires_as_the_application_has_it(
    site: Site, countdown: int | None
) -> None:
    task_id = site.app.send_task("limits.report", [1], queue="nobodys", countdown=countdown).id
    assert site.cancel(task_id) == "revoked"
    keys = names(task_id)
    assert all(EXPIRES - SLACK < life <= EXPIRES for life in site.lives(keys)), site.lives(keys)
    tombstone: Any = site.redis.ttl(keys.tombstone)
    assert EXPIRES + KEEP - SLACK < tombstone <= EXPIRES + KEEP


def test_the_watchdog_drops_nothing_and_lets_a_lost_task_expire_as_a_failed_one(site: Site) -> None:
    others = site.workers()
    with worker(site.broker, site.backend, "threads", app="tests.taskbeam.limit_jobs") as process:
        task_id = site.app.send_task("limits.report", [REPORTS]).id
        site.until_reported(task_id)
        wait_until(lambda: site.workers() > others, lambda: "a worker's lease")
        process.kill()
    # As if its lease had ended.
    site.redis.zadd(control().workers, dict.fromkeys(site.workers() - others, GIVEN_UP))
    wait_until(lambda: site.state(task_id) == "LOST", lambda: f"LOST: {site.state(task_id)}")
    assert site.events(task_id) == EVENTS + len(["STALLED", "LOST"])
    lives = site.lives(names(task_id))
    assert all(FAILURE_EXPIRES - SLACK < life <= FAILURE_EXPIRES for life in lives), lives
