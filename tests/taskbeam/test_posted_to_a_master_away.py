"""A thread has posted to a cluster's master that goes away: what others have taken is told on all the same.

Two masters are played by one server; whatever is asked of the one that is away breaks the connection.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from redis.connection import Connection
from redis.exceptions import ConnectionError, ResponseError, TimeoutError  # noqa: A004

from taskbeam.celery.outbox import Outbox
from taskbeam.cluster.lines import Lines
from taskbeam.cluster.slot_map import Address, slot_of
from taskbeam.cluster.writer import ClusterWriter
from taskbeam.journal import unanswered
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.entry import Delivery
from taskbeam.journal.feeds.canvas_news import GroupSizes, Size
from tests.support.redis_cluster import one_server

from .conftest import DB
from .journal import Journal

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    import redis

    from stack.valkey import Valkey
    from taskbeam.celery.outbox import Connections
    from taskbeam.cluster.feed_teller import FeedTeller
    from taskbeam.cluster.topology import Topology
    from taskbeam.journal.entry import Entry
    from taskbeam.journal.feeds.canvas_news import CanvasNews
    from taskbeam.journal.writer import JournalWriter

pytestmark = one_server("one server plays two masters of a cluster")

HERE, AWAY = Address("here", 1), Address("away", 2)


class Masters:
    """As a cluster's topology, and what connects to it."""

    def __init__(self, port: int) -> None:
        self.port = port
        #: What breaks each exchange with `AWAY`; None = it is there.
        self.lost: Exception | None = None
        self.broken = 0
        self._away: set[int] = set()

    def have(self, key: str, master: Address) -> None:
        if master is AWAY:
            self._away.add(slot_of(key))

    def master(self, slot: int) -> Address:
        return AWAY if slot in self._away else HERE

    known = master

    def server(self, key: str) -> Hashable:
        return self.master(slot_of(key))

    def answers(self, server: Hashable) -> bool:
        return self.lost is None or server is HERE

    def serves(self, _: Hashable) -> bool:
        return True

    def follow(self, *_: object) -> None:
        """Nobody takes its place."""

    doubt = follow

    def connect(self, address: Address) -> Connection:
        masters = self

        class Played(Connection):
            def connect(self) -> None:
                self._breaks()
                super().connect()  # type: ignore[no-untyped-call]

            def read_response(self, *args: Any, **options: Any) -> Any:
                self._breaks()
                return super().read_response(*args, **options)

            def _breaks(self) -> None:
                if masters.lost is not None and address is AWAY:
                    masters.broken += 1
                    raise masters.lost

        return Played(host="127.0.0.1", port=self.port, db=DB)  # type: ignore[no-untyped-call]


class Feeds:
    """Notes whose feeds are told, and what is kept for later."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.kept: list[CanvasNews] = []

    def tell(self, entry: Entry) -> None:
        if entry.owed is not None:
            self.told.append(entry.task_id)

    def keep(self, news: CanvasNews) -> None:
        self.kept.append(news)

    def close(self) -> None:
        pass


class Thread:
    def __init__(self, masters: Masters, client: redis.Redis) -> None:
        self.masters, self.feeds = masters, Feeds()
        lines = Lines(cast("Topology", masters), masters.connect, 0.0)
        self.writer = ClusterWriter(lines, lambda: masters.connect(HERE), cast("FeedTeller", self.feeds))
        self._client = client

    def outbox(self) -> Outbox:
        """One that writes so."""

        def none(*_: object) -> None:
            raise NotImplementedError

        return Outbox(cast("Connections", self.masters), none, none, lambda **_: self.writer)

    def task(self, master: Address) -> Entry:
        """One that is about to be sent."""
        journal = Journal(self._client, cast("JournalWriter", self.writer), labels={"owner": "ada"})
        journal.keys = ClusterKeys(journal.keys.result)
        self.masters.have(journal.keys.result, master)
        return journal.entry("PENDING", birth=True, meta=b"")

    def cut(self, master: Address) -> None:
        """Its connection is lost."""
        dict(self.writer._lines.open)[master]._connection.disconnect()


@pytest.fixture
def thread(valkey: Valkey, client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Thread]:
    """Answers are read when there is no way round it."""
    monkeypatch.setattr(unanswered, "ANSWER_DUE", 3600.0)
    made = Thread(Masters(valkey.port), client)
    yield made
    made.masters.lost = None  # nobody looks for it any more
    made.writer.close()


@pytest.mark.parametrize("error", [ConnectionError("it is away"), TimeoutError("it hangs")])
@pytest.mark.parametrize("order", [(HERE, AWAY), (AWAY, HERE)])
def test_feeds_of_what_another_master_has_taken_are_told(
    thread: Thread, order: tuple[Address, Address], error: Exception
) -> None:
    tasks = {master: thread.task(master) for master in order}
    for task in tasks.values():
        thread.writer.post(task)
    thread.masters.lost = error
    with pytest.raises(type(error), match=str(error)):
        thread.writer.collect()
    assert thread.feeds.told == [tasks[HERE].task_id]


def test_what_one_journal_refuses_is_in_no_other_ones_way(thread: Thread, client: redis.Redis) -> None:
    refused, taken, again = (thread.task(master) for master in (HERE, HERE, AWAY))
    client.set(refused.keys.head, "no hash")
    for task in (refused, taken, again):
        thread.writer.post(task)
    thread.cut(AWAY)
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        thread.writer.collect()
    assert [task.delivery for task in (refused, taken, again)] == [
        Delivery.REFUSED,
        Delivery.WRITTEN,
        Delivery.WRITTEN,
    ]
    assert thread.feeds.told == [taken.task_id, again.task_id]


def test_nothing_of_a_journal_comes_before_what_is_missing(thread: Thread, client: redis.Redis) -> None:
    first = thread.task(HERE)
    second = replace(first, state="", type="log", birth=False)
    for each in (first, second):
        thread.writer.post(each)
    client.set(first.keys.head, "no hash")
    thread.cut(HERE)
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        thread.writer.collect()
    assert (first.delivery, second.delivery) == (Delivery.REFUSED, Delivery.CUT)


def test_a_master_that_is_away_is_waited_for_once(thread: Thread) -> None:
    for _ in range(3):
        thread.writer.post(thread.task(AWAY))
    thread.masters.lost = ConnectionError("it is away")
    with pytest.raises(ConnectionError):
        thread.writer.collect()
    assert thread.masters.broken == len(["the answers", "the first one again"])


@pytest.mark.parametrize("how", ["append", "post"])
def test_what_another_master_takes_is_written_and_counts_no_outage(
    thread: Thread, how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As the births of a group are, whose last one is appended."""
    away, here = thread.task(AWAY), thread.task(HERE)
    thread.writer.post(away)
    thread.masters.lost = ConnectionError("it is away")
    monkeypatch.setattr(unanswered, "ANSWER_DUE", 0.0)
    getattr(thread.writer, how)(here)
    thread.masters.lost = None
    thread.writer.collect()
    assert (away.delivery, here.delivery) == (Delivery.CUT, Delivery.WRITTEN)
    assert caplog.messages == ["Events sent earlier to the journals at away:2 may be lost: it is away"]


def test_what_the_same_master_does_not_take_is_an_error(thread: Thread) -> None:
    thread.writer.post(thread.task(AWAY))
    thread.masters.lost = ConnectionError("it is away")
    with pytest.raises(ConnectionError, match="it is away"):
        thread.writer.append(thread.task(AWAY))


@pytest.mark.parametrize("goes_away", ["before", "meanwhile"])
def test_feeds_of_births_are_told_though_the_last_one_cannot_be_sent(thread: Thread, goes_away: str) -> None:
    """A web process may send nothing more."""
    outbox = thread.outbox()
    births = [thread.task(HERE), thread.task(AWAY), thread.task(AWAY)]
    away = ConnectionError("it is away")
    thread.masters.lost = away
    if goes_away == "before":
        outbox._outages.of(AWAY).failed(away)
    outbox.write_together(births)
    assert thread.feeds.told == [births[0].task_id]


def test_a_group_at_another_master_is_told_later_and_counts_no_outage(
    thread: Thread, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = thread.outbox()
    posted = thread.task(AWAY)
    news = GroupSizes(posted.keys, 600, (Size("a group", 3),))
    thread.writer.post(posted)
    thread.masters.lost = ConnectionError("it is away")
    outbox.tell_canvas(news)
    assert thread.feeds.kept == [news]
    outage = outbox._outages.of(thread.masters.server(news.key))
    assert (outage.away, outage.lost) == (False, 0)
    assert caplog.messages == [f"Events sent earlier may be lost; {news} is updated soon: it is away"]
