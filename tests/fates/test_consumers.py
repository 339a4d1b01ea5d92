"""Which worker consumes what, as real workers say it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from .stage import Stage


@pytest.mark.parametrize(("pool", "slots"), [("prefork", 3), ("threads", 3), ("solo", 1)])
def test_a_worker_says_what_it_consumes_now(empty: Stage, pool: str, slots: int) -> None:
    with empty.worker(pool, concurrency=3) as process:
        wait_until(lambda: bool(consumers(empty, "celery")), lambda: "the worker to say what it consumes")
        (member,) = consumers(empty, "celery")
        assert int(member.rsplit(b" ", 1)[1]) == slots
        empty.hears()
        empty.app.control.add_consumer(f"late-{pool}")
        wait_until(lambda: consumers(empty, f"late-{pool}") == [member], lambda: "the new queue")
        empty.app.control.cancel_consumer("celery")
        wait_until(lambda: not consumers(empty, "celery"), lambda: "the old queue to be left")
        process.stop()
        assert not consumers(empty, f"late-{pool}")


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_worker_that_stops_consumes_no_more_while_its_tasks_end(empty: Stage, pool: str) -> None:
    with empty.worker(pool) as process:
        task_id = empty.held("gated")
        wait_until(lambda: bool(consumers(empty, "celery")), lambda: "the worker to say what it consumes")
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: not consumers(empty, "celery"), lambda: "the queue to be left")
        assert not empty.is_over(task_id)
        empty.open(task_id)
        empty.fate(task_id)


def consumers(stage: Stage, queue: str) -> list[bytes]:
    found: Any = stage.redis.zrange(stage.control.queue(queue).consumers, 0, -1)
    return found  # type: ignore[no-any-return]
