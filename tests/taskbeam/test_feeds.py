"""A feed has each transition of its tasks, counts by its rows, and is bounded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from taskbeam.journal.feeds import bounds
from taskbeam.journal.keys import ShardedKeys
from taskbeam.journal.limits import Limits
from tests.support.redis_cluster import one_server, subscribed

from .feed import PARTS, Feed
from .journal import COMPACT, Journal
from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

    from taskbeam.journal.writer import Writer

LIMITS = Limits(expires=600)


class Owner:
    """Somebody with tasks of their own."""

    def __init__(self, client: redis.Redis, writer: Writer) -> None:
        self.client = client
        self.name = f"Jürgen {uuid4()}"
        self.feed = Feed(client, f"owner:{self.name}")
        self._writer = writer

    def task(self, **options: object) -> Journal:
        given = {"limits": LIMITS, "labels": {"owner": self.name}} | options
        return Journal(self.client, self._writer, **given)


@pytest.fixture
def owner(client: redis.Redis, writer: Writer) -> Owner:
    return Owner(client, writer)


def succeed(task: Journal) -> None:
    task.send()
    task.append("STARTED", "a")
    task.append("SUCCESS", "a")


class TestWhatIsTold:
    def test_each_transition_of_each_task(self, owner: Owner) -> None:
        one, other = owner.task(), owner.task()
        one.send()
        other.send()
        one.append("STARTED", "a")
        one.append("PROGRESS", "a", "progress")
        other.append("REVOKED")
        one.append("RETRY", "a")
        one.append("STARTED", "b")
        one.append("FAILURE", "b")
        assert owner.feed.transitions == [
            (one.task_id, "PENDING"),
            (other.task_id, "PENDING"),
            (one.task_id, "STARTED"),
            (one.task_id, "PROGRESS"),
            (other.task_id, "REVOKED"),
            (one.task_id, "RETRY"),
            (one.task_id, "STARTED"),
            (one.task_id, "FAILURE"),
        ]
        assert owner.feed.rows == {one.task_id: "FAILURE", other.task_id: "REVOKED"}
        assert owner.feed.rollup == {
            "total": 2,
            "open": 0,
            "waiting": 0,
            "done": {"FAILURE": 1, "REVOKED": 1},
        }

    def test_in_an_envelope_that_has_the_event_as_the_task_has_it(self, owner: Owner) -> None:
        task = owner.task()
        task.send()
        task.append("STARTED", "a", members={"data": '{"text":"naïve \\u0000"}'})
        assert [each["event"] for each in owner.feed.told] == task.events
        for record, raw in zip(owner.feed.records, task.records, strict=True):
            assert b'"type":"task","event":%b,"rollup":{' % raw.body in record.body
        assert [record.id.seq for record in owner.feed.records] == [1, 2]
        assert [each["id"] for each in owner.feed.told] == [str(each.id) for each in owner.feed.records]
        assert {each["feed"] for each in owner.feed.told} == {owner.feed.name}
        assert not any(record.final for record in owner.feed.records)

    def test_the_rest_without_a_number(self, owner: Owner) -> None:
        task = owner.task()
        task.send()
        task.append("STARTED", "a")
        with subscribed(owner.client, owner.feed.keys.channel) as pubsub:
            task.say("a")
            heard = pubsub.get_message(timeout=60)
            task.append("SUCCESS", "a")
            last = pubsub.get_message(timeout=60)
        assert heard is not None
        assert last is not None
        assert heard["data"] == b'- %d {"feed":"%b","type":"task","event":%b}' % (
            owner.feed.records[-1].id.epoch,
            owner.feed.name.encode(),
            task.records[-2].body,
        )
        assert last["data"] == owner.client.lindex(owner.feed.keys.log, -1)
        assert len(owner.feed.records) == 3

    def test_nothing_of_a_task_without_an_owner(self, client: redis.Redis, journal: Journal) -> None:
        before = set(client.scan_iter("*feed:*"))
        succeed(journal)
        assert set(client.scan_iter("*feed:*")) == before


class TestTags:
    def test_each_has_a_feed(self, owner: Owner, client: redis.Redis) -> None:
        tags = [f"{uuid4()} May", f"{uuid4()} größer"]
        both = owner.task(labels={"owner": owner.name, "tags": "\n".join(tags)})
        one = owner.task(labels={"tags": tags[0]})
        succeed(both)
        one.send()
        first, second = (Feed(client, f"tag:{tag}") for tag in tags)
        assert first.rows == {both.task_id: "SUCCESS", one.task_id: "PENDING"}
        assert second.rows == owner.feed.rows == {both.task_id: "SUCCESS"}
        assert {each["feed"] for each in first.told} == {first.name}

    def test_who_has_no_labels_writes_for_them(self, owner: Owner, client: redis.Redis) -> None:
        tag = str(uuid4())
        task = owner.task(labels={"tags": tag})
        task.send()
        task.append("REVOKED", limits=None, labels={})
        assert Feed(client, f"tag:{tag}").rows == {task.task_id: "REVOKED"}


class TestWhoseATaskIs:
    def test_one_that_waited_stays_whose_it_was(self, owner: Owner, client: redis.Redis) -> None:
        """It is told twice: with the message of the task before it, and with its own."""
        tag, other = str(uuid4()), str(uuid4())
        task = owner.task()
        task.send(waiting=True)
        task.send(labels={"owner": other, "tags": tag})
        task.append("STARTED", "a", labels={"owner": other})
        assert owner.feed.rows == {task.task_id: "STARTED"}
        assert Feed(client, f"tag:{tag}").rows == {task.task_id: "STARTED"}
        assert not client.exists(Feed(client, f"owner:{other}").keys.head)

    def test_its_birth_decides(self, owner: Owner, client: redis.Redis) -> None:
        task = owner.task()
        task.send()
        task.append("STARTED", "a", labels={"owner": "another"})
        task.append("SUCCESS", "a", labels={})
        assert owner.feed.rows == {task.task_id: "SUCCESS"}
        assert not client.exists(Feed(client, "owner:another").keys.head)

    def test_who_has_no_labels_writes_for_it(self, owner: Owner) -> None:
        """A canceller, the watchdog, the worker's main process."""
        task = owner.task()
        task.send()
        task.append("REVOKED", limits=None, labels={})
        assert owner.feed.transitions[-1] == (task.task_id, "REVOKED")

    def test_another_life_of_it_is_its_owners(self, owner: Owner) -> None:
        task = owner.task()
        task.send()
        task.append("STARTED", "a")
        task.append("LOST", limits=None, labels={})
        task.append("SUCCESS", "a", labels={})
        assert owner.feed.rows == {task.task_id: "SUCCESS"}
        assert owner.feed.rollup["done"] == {"SUCCESS": 1}

    def test_one_that_is_sent_again_may_be_somebody_elses(self, owner: Owner, client: redis.Redis) -> None:
        task = owner.task()
        task.send()
        task.append("FAILURE", "a")
        task.send(labels={"owner": owner.name + "2"})
        assert owner.feed.rows == {task.task_id: "FAILURE"}
        assert Feed(client, owner.feed.name + "2").rows == {task.task_id: "PENDING"}


def forget(owner: Owner, task: Journal) -> None:
    """As `AsyncResult.forget` does; then its run speaks again, from a redelivered message."""
    succeed(task)
    owner.client.delete(task.keys.result, task.keys.head, task.keys.log)
    task.append("STARTED", "b")
    task.append("SUCCESS", "b")


def expire_while_queued(owner: Owner, task: Journal) -> None:
    task.send()
    owner.client.delete(task.keys.head, task.keys.log)
    task.append("STARTED", "a")
    task.append("SUCCESS", "a")


def miss_a_write(owner: Owner, task: Journal) -> None:
    task.send()
    owner.client.rename(owner.feed.keys.head, owner.feed.key("kept"))
    owner.client.set(owner.feed.keys.head, "of another type")
    task.append("STARTED", "a")
    owner.client.rename(owner.feed.key("kept"), owner.feed.keys.head)
    task.append("SUCCESS", "a")


def evict_the_feed(owner: Owner, task: Journal) -> None:
    task.send()
    owner.client.delete(*(owner.feed.key(part) for part in PARTS))
    task.append("STARTED", "a")
    task.append("SUCCESS", "a")


def evict_its_head(owner: Owner, task: Journal) -> None:
    task.send()
    owner.client.delete(owner.feed.keys.head)
    task.append("STARTED", "a")
    task.append("SUCCESS", "a")


def stall(owner: Owner, task: Journal) -> None:  # noqa: ARG001
    task.send()
    task.append("STARTED", "a")
    task.append("STALLED", "a", only="running", meta=b"")
    task.say("a", "progress")
    task.append("SUCCESS", "a")


def repeat(owner: Owner, task: Journal) -> None:  # noqa: ARG001
    task.send()
    entry = task.entry("STARTED", "a")
    for _ in range(3):
        task.writer.append(entry)
    task.append("SUCCESS", "a")


def supersede(owner: Owner, task: Journal) -> None:  # noqa: ARG001
    task.send()
    task.append("STARTED", "a")
    task.append("STARTED", "b")
    task.append("PROGRESS", "a", "progress")
    task.append("FAILURE", "b")
    task.append("SUCCESS", "a")


@pytest.mark.parametrize(
    "fault",
    [forget, expire_while_queued, miss_a_write, evict_the_feed, evict_its_head, stall, repeat, supersede],
)
def test_counts_are_those_of_the_rows_whatever_happened(
    owner: Owner, fault: Callable[[Owner, Journal], None]
) -> None:
    other = owner.task()
    succeed(other)
    task = owner.task()
    fault(owner, task)
    succeed(owner.task())
    states = list(owner.feed.rows.values())
    assert owner.feed.rows[task.task_id] == "SUCCESS"
    assert owner.feed.rollup == {
        "total": len(states),
        "open": 0,
        "waiting": 0,
        "done": {"SUCCESS": len(states)},
    }
    assert len(states) == (2 if fault in (evict_the_feed, evict_its_head) else 3)


def test_a_stall_that_is_over_is_told(owner: Owner) -> None:
    """What brings the state back is progress, and no event of the type `state`."""
    task = owner.task()
    stall(owner, task)
    states = [state for _, state in owner.feed.transitions]
    assert states == ["PENDING", "STARTED", "STALLED", "STARTED", "SUCCESS"]


class TestBounds:
    def test_those_that_ended_first_are_dropped_first(self, owner: Owner) -> None:
        waiting = owner.task()
        waiting.send()
        ended = [owner.task() for _ in range(3)]
        for task in ended:
            succeed(task)
        crowd = bounds.FEED_TASKS - 4
        for _ in range(crowd):
            owner.task().send()
        succeed(owner.task())
        rows = owner.feed.rows
        assert len(rows) == bounds.FEED_TASKS == owner.feed.rollup["total"]
        assert waiting.task_id in rows
        assert [task.task_id in rows for task in ended] == [False, True, True]

    def test_a_log_in_bytes(self, owner: Owner) -> None:
        large = {"data": '"' + "x" * 500_000 + '"'}
        tasks = [owner.task() for _ in range(10)]
        for task in tasks:
            task.append("STARTED", "a", members=large)
        length = sum(len(each) for each in owner.client.lrange(owner.feed.keys.log, 0, -1))
        assert bounds.FEED_BYTES - 600_000 < length <= bounds.FEED_BYTES
        assert owner.feed.bytes == length
        assert owner.feed.records[-1].id.seq == 10

    @one_server("a feed of a cluster drops tasks when they are due to expire; test_feeds_apart.py")
    def test_tasks_whose_journals_are_gone_are_dropped(self, owner: Owner) -> None:
        gone = [owner.task() for _ in range(3)]
        succeed(gone[0])
        succeed(gone[1])
        gone[2].send()
        for task in gone:
            owner.client.delete(task.keys.head, task.keys.log)
        others = [owner.task() for _ in range(bounds.LOOK_EVERY)]
        for task in others:
            task.send()
        assert owner.feed.rows == {task.task_id: "PENDING" for task in others}
        assert owner.feed.rollup["total"] == len(others)

    @pytest.mark.usefixtures("valkey")  # memory has no encodings
    def test_a_small_feed_takes_little_memory_and_a_large_one_little_time(self, owner: Owner) -> None:
        def encoding() -> object:
            return owner.client.object("encoding", owner.feed.keys.head)

        for _ in range(bounds.COMPACT_ROWS):
            owner.task().send()
        assert encoding() in COMPACT
        succeed(owner.task())
        assert encoding() == b"hashtable"
        assert owner.feed.rollup["total"] == bounds.COMPACT_ROWS + 1


class TestExpiry:
    def test_it_outlives_the_task_that_lives_longest(self, owner: Owner) -> None:
        owner.task().send(delay=200_000)
        succeed(owner.task())
        for part in PARTS:
            assert 200_600 < owner.client.ttl(owner.feed.key(part)) <= 225_675

    def test_a_task_that_is_silent_for_longer_than_results_live_stays_in_it(self, owner: Owner) -> None:
        owner.task(limits=Limits(expires=1)).send()
        for part in PARTS[:3]:
            assert owner.client.ttl(owner.feed.key(part)) >= bounds.FEED_LIFE

    def test_keys_that_begin_later_live_as_long(self, owner: Owner) -> None:
        first = owner.task()
        succeed(first)
        owner.client.delete(first.keys.head, owner.feed.key("order"), owner.feed.key("ended"))
        for _ in range(8):
            succeed(owner.task())
        assert [owner.client.ttl(owner.feed.key(part)) > 0 for part in PARTS] == [True] * 4

    def test_tasks_that_are_kept_for_ever(self, owner: Owner) -> None:
        succeed(owner.task())
        succeed(owner.task(limits=Limits(expires=0)))
        succeed(owner.task())
        assert [owner.client.ttl(owner.feed.key(part)) for part in PARTS] == [-1] * 4

    def test_ids_of_one_that_comes_again_are_larger(self, owner: Owner) -> None:
        succeed(owner.task())
        before = owner.feed.records[-1].id
        until(lambda: time.time() * 1000 > before.epoch + 1)
        owner.client.delete(*(owner.feed.key(part) for part in PARTS))
        owner.task().send()
        assert owner.feed.records[-1].id > before


def test_a_cluster_has_none(owner: Owner) -> None:
    task = owner.task()
    task.keys = ShardedKeys(task.keys.result)
    succeed(task)
    assert not owner.client.exists(owner.feed.keys.head)
