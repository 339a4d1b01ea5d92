"""A journal that went back never gives one id two bodies, and keeps what the server has kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
import redis

from stack.valkey import Valkey
from taskbeam.journal import line as line_module
from taskbeam.journal.appender import JournalAppender
from taskbeam.journal.limits import Limits
from taskbeam.journal.writer import JournalWriter
from tests.support.redis_cluster import one_server

from .feed import Feed
from .feeds_apart import Apart
from .journal import Journal
from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from redis.connection import AbstractConnection

    from taskbeam.journal.events import EventId, Record

pytestmark = one_server("it kills, promotes and puts back one server")


def connection_of(client: redis.Redis) -> AbstractConnection:
    return cast("AbstractConnection", client.connection_pool.make_connection())


class Server:
    """A server that is restarted, with a worker and the journal of its one task."""

    def __init__(self, valkey: Valkey) -> None:
        self.valkey = valkey
        self.client = redis.Redis.from_url(valkey.url())
        self.writer = JournalWriter(self.connect)
        self.journal = Journal(self.client, self.writer)

    def connect(self) -> AbstractConnection:
        return connection_of(self.client)

    def progress(self, count: int = 1) -> list[Record]:
        """What the task reports, as clients get it."""
        ids = [self.journal.append("PROGRESS", "a", "progress").id for _ in range(count)]
        return [record for record in self.journal.records if record.id in ids]

    def close(self) -> None:
        self.writer.close()
        self.client.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Valkey(None, None, "--dir", str(tmp_path), "--dbfilename", "dump.rdb") as valkey:
        made = Server(valkey)
        yield made
        made.close()


@pytest.fixture
def aof(tmp_path: Path) -> Iterator[Server]:
    with Valkey(None, tmp_path) as valkey:
        made = Server(valkey)
        yield made
        made.close()


def test_a_restart_from_an_older_snapshot_begins_a_new_epoch(server: Server) -> None:
    server.journal.send()
    kept = [*server.journal.records, *server.progress(3)]
    server.client.save()
    lost = server.progress(3)
    server.valkey.kill()
    server.valkey.start()
    assert [record.id for record in server.journal.records] == [record.id for record in kept]
    again = server.progress(3)
    assert {record.id for record in again}.isdisjoint(record.id for record in lost)
    assert [record.id.seq for record in again] == [5, 6, 7], "numbers go on"
    assert again[0].id.epoch > kept[0].id.epoch
    assert [record.id for record in server.journal.records] == [record.id for record in (*kept, *again)]


@pytest.mark.parametrize("labels", [{"owner": "ada"}, {"group": "a-group"}, {"tree": "a-tree"}])
def test_a_feed_begins_a_new_epoch_there_too(server: Server, labels: dict[str, str]) -> None:
    [(kind, name)] = labels.items()
    feed = Feed(server.client, f"{kind}:{name}")
    task = Journal(server.client, server.writer, labels=labels)
    task.send()
    kept = [record.id for record in feed.records]
    server.client.save()
    task.append("STARTED", "a")
    lost = feed.records[-1].id
    server.valkey.kill()
    server.valkey.start()
    assert [record.id for record in feed.records] == kept
    for state in ("STARTED", "PROGRESS"):
        task.append(state, "a")
    again = [record.id for record in feed.records[len(kept) :]]
    assert lost not in again
    assert [event.seq for event in again] == [kept[-1].seq + 1, kept[-1].seq + 2], "numbers go on"
    assert len({event.epoch for event in again}) == 1


def test_a_feed_that_is_told_by_a_call_of_its_own_does_so_too(server: Server) -> None:
    apart = Apart(server.client)
    task = apart.task()
    task.goes_on("PENDING")
    server.client.save()
    task.goes_on("STARTED")
    lost = apart.feed.records[-1].id
    server.valkey.kill()
    server.valkey.start()
    task.goes_on("RETRY", "STARTED")
    assert task.told == ["PENDING", "STARTED", "RETRY", "STARTED"]
    again = [record.id for record in apart.feed.records[1:]]
    assert lost not in again
    assert [event.seq for event in again] == [2, 3, 4]
    assert len({event.epoch for event in again}) == 1


def test_a_server_that_lost_nothing_is_another_life_too(aof: Server) -> None:
    """Nobody can tell there that nothing was lost; what was kept stays."""
    aof.journal.send()
    before = aof.progress(2)
    aof.valkey.kill()
    aof.valkey.start()
    (after,) = aof.progress()
    assert after.id.epoch > before[-1].id.epoch
    assert after.id.seq == before[-1].id.seq + 1
    assert len(aof.journal.records) == 4


def _folders(parent: Path) -> list[Path]:
    """Two, for servers that write what they send each other."""
    found = [parent / name for name in ("one", "other")]
    for folder in found:
        folder.mkdir()
    return found


def test_a_replica_that_is_behind_and_is_promoted_is_another_life(tmp_path: Path) -> None:
    folders = [("--dir", str(folder)) for folder in _folders(tmp_path)]
    with Valkey(None, None, *folders[0]) as primary, Valkey(None, None, *folders[1]) as replica:
        first, second = Server(primary), Server(replica)
        first.journal.send()
        first.progress(2)
        second.client.replicaof("127.0.0.1", primary.port)
        until(lambda: second.client.info("replication")["master_link_status"] == "up")
        until(lambda: second.client.llen(first.journal.keys.log) == 3)
        second.journal.keys, second.journal.task_id = first.journal.keys, first.journal.task_id
        replica.pause()  # it lags
        lost = first.progress(2)
        primary.kill()
        replica.resume()
        second.client.replicaof("NO", "ONE")
        again = second.progress(2)
        assert {record.id for record in again}.isdisjoint(record.id for record in lost)
        assert again[0].id.epoch > lost[0].id.epoch
        first.close()
        second.close()


def test_a_server_that_comes_back_in_the_same_process_is_another_life(tmp_path: Path) -> None:
    """A primary that was demoted, took over the data of a lagging one, and was promoted again."""
    folders = [("--dir", str(folder)) for folder in _folders(tmp_path)]
    with Valkey(None, None, *folders[0]) as one, Valkey(None, None, *folders[1]) as other:
        server, behind = Server(one), redis.Redis.from_url(other.url())
        server.journal.send()
        server.progress(2)
        behind.replicaof("127.0.0.1", one.port)
        until(lambda: behind.llen(server.journal.keys.log) == 3)
        behind.replicaof("NO", "ONE")
        lost = server.progress(2)
        server.client.replicaof("127.0.0.1", other.port)
        until(lambda: server.client.llen(server.journal.keys.log) == 3)
        server.client.replicaof("NO", "ONE")
        server.writer.close()  # Sentinel cuts the clients of a server that it demotes
        (again,) = server.progress()
        assert again.id not in {record.id for record in lost}
        server.close()
        behind.close()


def test_a_server_that_was_a_replica_of_nobody_lives_on(aof: Server) -> None:
    """It took no writes for a while, and lost none; so its journals go on, whoever knows what of it."""
    aof.journal.send()
    aof.progress()
    aof.client.replicaof("127.0.0.1", 1)
    aof.client.replicaof("NO", "ONE")
    other = Journal(aof.client, JournalWriter(aof.connect))
    born = Journal(aof.client, aof.writer)
    for journal in (aof.journal, born):
        other.keys, other.task_id = journal.keys, journal.task_id
        ids = [each.append("PROGRESS", "a", "progress").id for _ in range(3) for each in (journal, other)]
        assert {event.epoch for event in ids} == {journal.records[0].id.epoch}
    other.writer.close()


def test_whoever_keeps_a_connection_learns_of_each_promotion(
    aof: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its new journals would begin in a life that is long over, and the next writer an epoch."""
    aof.journal.send()
    for _ in range(3):
        aof.client.replicaof("127.0.0.1", 1)
        aof.client.replicaof("NO", "ONE")
    monkeypatch.setattr(line_module, "LIFE_HOLDS", 0.0)  # it is some seconds later
    born, other = Journal(aof.client, aof.writer), Journal(aof.client, JournalWriter(aof.connect))
    other.keys, other.task_id = born.keys, born.task_id
    ids = [each.append("PROGRESS", "a", "progress").id for each in (born, other, born, other)]
    assert len({event.epoch for event in ids}) == 1
    other.writer.close()


def test_a_gateway_that_appends_sees_another_life(aof: Server) -> None:
    aof.journal.send()
    (before,) = aof.progress()
    aof.valkey.kill()
    aof.valkey.start()

    async def append() -> EventId:
        async with redis.asyncio.Redis.from_url(aof.valkey.url()) as client:
            entry = aof.journal.entry("", only="open", cancel=True, meta=b"")
            return (await JournalAppender(client).append(entry)).id

    asked = asyncio.run(append())
    assert asked.epoch > before.id.epoch
    (after,) = aof.progress()
    assert after.id == (asked.epoch, asked.seq + 1)


def test_an_epoch_that_is_lost_with_the_journal_is_not_given_again(aof: Server) -> None:
    """The tombstone knows it, whatever the clock says by then."""
    aof.journal.options["limits"] = Limits(expires=3600)
    aof.journal.send()
    aof.valkey.kill()
    aof.valkey.start()
    (last,) = aof.progress()
    aof.client.delete(aof.journal.keys.head, aof.journal.keys.log)
    tombstone = aof.client.get(aof.journal.keys.tombstone)
    assert tombstone == b"%d open" % last.id.epoch


def test_a_user_who_may_not_ask_appends_all_the_same(aof: Server) -> None:
    aof.client.acl_setuser(
        "worker",
        enabled=True,
        nopass=True,
        categories=["+@all"],
        commands=["-info"],
        keys=["*"],
        channels=["*"],
    )
    user = redis.Redis.from_url(aof.valkey.url(), username="worker", password="any")
    writer = JournalWriter(lambda: connection_of(user))
    journal = Journal(user, writer)
    first = journal.send()
    assert first.failed
    assert "run id" in first.failed[0]
    second = journal.append("STARTED", "a")
    assert (second.failed, second.id.seq) == ((), 2), "it is asked once per connection"
    writer.close()
    user.close()


def test_only_the_first_entry_of_a_connection_asks_the_server(aof: Server) -> None:
    aof.journal.send()
    aof.client.config_resetstat()
    aof.progress(20)
    calls = aof.client.info("commandstats").get("cmdstat_info", {}).get("calls", 0)
    assert calls == 0
