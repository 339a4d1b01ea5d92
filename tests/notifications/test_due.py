"""What is due: marked by the script that appends the end, asked for late, taken, put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from taskbeam.journal.keys import TaskKeys
from taskbeam.journal.scripts import NOTIFY_GRACE
from taskbeam.notifications.asked import MOST_OF_TASK
from taskbeam.notifications.members import End, Message
from taskbeam.notifications.target import Target
from tests.support.results import control

from .conftest import DB
from .stage import run, staged

if TYPE_CHECKING:
    import redis

    from stack.valkey import Valkey
    from tests.support.journal import Journals, Task


class Apart(TaskKeys):
    """As on a cluster: what is due has another slot."""

    beside_control = False


def now_of(store: redis.Redis) -> float:
    seconds, microseconds = store.time()
    return seconds * 1000 + microseconds / 1000


def due_of(store: redis.Redis) -> dict[str, float]:
    return dict(cast("list[tuple[str, float]]", store.zrange(control().notify_due, 0, -1, withscores=True)))


@pytest.mark.parametrize(
    ("asked", "owner", "marked"),
    [
        ({}, "ada", False),
        ({"owner:bob": 1}, "ada", False),
        ({"owner:": 1}, None, False),
        ({"owner:ada": 1}, "ada", True),
        ({"*": 1}, None, True),
    ],
)
def test_an_end_is_marked_where_somebody_asked(
    store: redis.Redis, journals: Journals, asked: dict[str, int], owner: str | None, *, marked: bool
) -> None:
    for field, many in asked.items():
        store.hset(control().notify_asked, field, many)
    task = journals.task(labels={"owner": owner} if owner else None)
    task.append("news")
    assert due_of(store) == {}
    before = now_of(store)
    end = End(task.finish(), task.id)
    found = due_of(store)
    assert list(found) == ([str(end)] if marked else [])
    if marked:
        assert before + NOTIFY_GRACE - 1 <= found[str(end)] <= now_of(store) + NOTIFY_GRACE


def test_one_task_alone_is_asked_for(valkey: Valkey, store: redis.Redis, journals: Journals) -> None:
    task, other, ended = journals.task(), journals.task(), journals.task()
    last = ended.finish()

    async def test() -> None:
        async with staged(valkey.url(DB), works=False) as stage:
            ask = stage.asked.ask
            assert [await ask(one.keys, "webhook_a") for one in (task, task, ended)] == ["asked"] * 3
            gone = journals.task()
            gone.lose()
            assert await ask(gone.keys, "webhook_a") == "unknown"
            assert list(due_of(store)) == [str(Message("webhook_a", End(last, ended.id)))]
            assert await stage.asked.withdraw(ended.keys, "webhook_a")
            assert not await stage.asked.withdraw(ended.keys, "webhook_a")
            assert due_of(store) == {}
            for number in range(MOST_OF_TASK - 1):
                assert await ask(task.keys, f"webhook_{number}") == "asked"
            assert await ask(task.keys, "webhook_last") == "full"
            assert await stage.asked.withdraw(task.keys, "webhook_0")
            assert await ask(task.keys, "webhook_last") == "asked"

    run(test())
    end = task.finish()
    other.finish()
    assert list(due_of(store)) == [str(End(end, task.id))]


@pytest.mark.parametrize(
    ("every", "asks", "left"), [(True, False, True), (False, False, False), (True, True, False)]
)
def test_whoever_withdraws_on_a_cluster_takes_back_what_it_asked_for_alone(
    valkey: Valkey, store: redis.Redis, journals: Journals, *, every: bool, asks: bool, left: bool
) -> None:
    """One that has not asked may have died after its first step: then its message goes, too."""
    target = Target(
        id="webhook_a", kind="webhook", owner=None, url="https://a.example", every=every, created=0.0
    )
    task = journals.task()
    keys = Apart(task.keys.result)

    async def test() -> None:
        async with staged(valkey.url(DB), works=False) as stage:
            await stage.targets.put(target)
            if asks:
                assert await stage.asked.ask(keys, target.id) == "asked"
            end = End(task.finish(), task.id)
            await stage.due.expand(end, 0, [])
            await stage.due.put(Message(target.id, end))
            assert await stage.asked.withdraw(keys, target.id) is asks
            assert list(due_of(store)) == ([str(Message(target.id, end))] if left else [])

    run(test())


def test_a_task_that_was_taken_for_lost_is_still_asked_for(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    task = journals.task()

    async def test() -> None:
        async with staged(valkey.url(DB), works=False) as stage:
            await stage.asked.ask(task.keys, "webhook_a")

    run(test())
    lost = task.append(state="LOST", type="state", final=True)
    end = task.finish()
    assert lost.epoch < end.epoch
    assert set(due_of(store)) == {str(End(lost, task.id)), str(End(end, task.id))}


def test_what_is_taken_comes_back_unless_it_is_done(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    store.hset(control().notify_asked, "*", 1)
    tasks = [journals.task() for _ in range(5)]
    ends = [End(task.finish(), task.id) for task in tasks]

    async def test() -> None:
        async with staged(valkey.url(DB), works=False) as stage:
            due = stage.due
            early = await due.claim(10, 60)
            assert early.taken == []
            assert 0 < (early.wait or 0) <= NOTIFY_GRACE / 1000
            for age, end in enumerate(reversed(ends)):
                store.zadd(control().notify_due, {str(end): age})
            first = await due.claim(2, 60)
            assert [(taken.due, taken.since, taken.tries) for taken in first.taken] == [
                (ends[4], 0, 0),
                (ends[3], 1, 0),
            ]
            assert first.wait == 0
            rest = await due.claim(10, 60)
            assert [taken.due for taken in rest.taken] == ends[2::-1]
            assert 50 < (rest.wait or 0) <= 60
            await due.remove(ends[4])
            await due.put_back(ends[3], 0, in_vain=True)
            await due.put_back(ends[4], 0, in_vain=True)
            again = await due.claim(10, 0)
            assert [(taken.due, taken.tries) for taken in again.taken] == [(ends[3], 1)]
            # Its lease was over at once.
            assert [taken.due for taken in (await due.claim(10, 60)).taken] == [ends[3]]
            messages = [Message(name, ends[3]) for name in ("webhook_a", "webhook_b")]
            await due.expand(ends[3], 7, messages)
            await due.expand(ends[3], 7, [Message("webhook_c", ends[3])])
            taken = (await due.claim(10, 60)).taken
            assert [(one.due, one.since) for one in taken] == [(message, 7) for message in messages]
            await due.remove(ends[3])

    run(test())
    assert store.hgetall(control().notify_tries) == {}


def test_what_cannot_be_read_is_left_to_others(valkey: Valkey, store: redis.Redis) -> None:
    store.zadd(control().notify_due, {"newer kind of thing": 0, "end x y": 0})

    async def test() -> None:
        async with staged(valkey.url(DB), works=False) as stage:
            assert (await stage.due.claim(10, 60)).taken == []

    run(test())
    assert len(due_of(store)) == 2


def test_a_queue_of_another_type_costs_the_end_nothing(store: redis.Redis, task: Task) -> None:
    store.hset(control().notify_asked, "*", 1)
    store.set(control().notify_due, "x")
    end = task.finish()
    assert task.records()[-1].id == end
