"""The writer's connection: one, held, cheap, and never left in doubt."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.retry import Retry

from stack.valkey import Valkey
from taskbeam.journal import unanswered as module
from taskbeam.journal.entry import Verdict
from taskbeam.journal.scripts import REMEMBERED
from taskbeam.journal.unanswered import MAX_UNANSWERED
from taskbeam.journal.writer import JournalWriter
from tests.support.forking import ended, forked
from tests.support.redis_cluster import one_server
from tests.support.results import servers_of

from .conftest import CLIENT_NAME, DB
from .journal import Journal
from .waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbeam.journal.writer import Writer


#: The place of a server, and the number of a connection to it.
Clients = set[tuple[int, str]]


@pytest.fixture
def servers(valkey: Valkey) -> Iterator[list[redis.Redis]]:
    with servers_of(valkey.url()) as found:
        yield found


def clients(servers: list[redis.Redis]) -> Clients:
    """The connections of writers; others come and go."""
    found = [(place, each) for place, server in enumerate(servers) for each in server.client_list()]
    return {(place, each["id"]) for place, each in found if each["name"] == CLIENT_NAME}


def kill(servers: list[redis.Redis], clients: Clients) -> None:
    for place, number in clients:
        servers[place].client_kill_filter(number)


class TestCost:
    @one_server("a cluster is told of runs at another server, too; benchmarks/cluster_cost.py")
    def test_an_update_is_one_round_trip(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        with redis.Redis(connection_pool=journal.client.connection_pool).monitor() as monitor:
            for _ in range(20):
                journal.append("PROGRESS", "a", "progress")
            journal.append("SUCCESS", "a")
            journal.client.echo("that was all")
            seen = []
            for command in monitor.listen():
                if command["db"] == DB:
                    seen.append((command["client_port"], command["command"].split()[0]))
                if command["command"] == "ECHO that was all":
                    break
        ours = seen[0][0]
        assert [name for port, name in seen if port == ours] == ["EVALSHA"] * 21

    def test_a_thread_keeps_its_connection(
        self, servers: list[redis.Redis], writer: Writer, journal: Journal
    ) -> None:
        before = clients(servers)
        for _ in range(10):
            journal.append("PROGRESS", "a")
        assert len(clients(servers) - before) == 1
        writer.close()


class TestTheScript:
    def test_is_sent_to_a_server_that_does_not_know_it(self, journal: Journal) -> None:
        journal.append("STARTED", "a")
        journal.client.script_flush()
        assert journal.append("PROGRESS", "a").id.seq == 2
        assert journal.append("SUCCESS", "a").id.seq == 3


class TestThreads:
    def test_each_has_a_connection_and_the_numbers_stay_without_holes(self, journal: Journal) -> None:
        def report() -> None:
            for _ in range(50):
                journal.append("PROGRESS", "a", "progress")

        threads = [threading.Thread(target=report) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [record.id.seq for record in journal.records] == list(range(1, 201))


class TestAfterAFork:
    @one_server("it counts the connections to one server")
    # The test's own process has threads (they read its servers' output); the child touches none of theirs.
    @pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
    def test_the_child_takes_a_connection_of_its_own_and_leaves_the_parents(
        self, servers: list[redis.Redis], journal: Journal
    ) -> None:
        before = clients(servers)
        journal.append("STARTED", "a")
        is_done, done = os.pipe()
        may_go, go = os.pipe()

        def report() -> None:
            journal.append("PROGRESS", "a", "progress")
            os.write(done, b".")
            os.close(go)
            os.read(may_go, 1)

        child = forked(report)
        os.close(done)
        assert os.read(is_done, 1) == b"."
        assert len(clients(servers) - before) == 2
        os.close(go)
        assert ended(child) == 0
        assert journal.append("SUCCESS", "a").id.seq == 3
        assert journal.states == ["STARTED", "PROGRESS", "SUCCESS"]
        os.close(is_done)
        os.close(may_go)


class TestAfterAnError:
    def test_an_error_of_the_script_is_raised_and_the_next_append_works(self, journal: Journal) -> None:
        journal.client.set(journal.keys.head, "no hash")
        with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
            journal.append("STARTED", "a")
        journal.client.delete(journal.keys.head)
        assert journal.append("STARTED", "a").id.seq == 1

    def test_a_late_reply_is_never_taken_for_another(self) -> None:
        with Valkey() as server, redis.Redis.from_url(server.url()) as client:
            writer = JournalWriter(lambda: _connection(server, 0.1))
            slow, quick = Journal(client, writer), Journal(client, writer)
            slow.send()
            server.pause()
            entry = slow.entry("SUCCESS", "a")
            with pytest.raises(redis.TimeoutError):
                writer.append(entry)
            server.resume()
            # Had the connection been kept, this would read the reply to the one before.
            first = quick.send()
            assert (first.verdict, first.id) == (Verdict.APPENDED, quick.records[0].id)
            assert writer.append(entry).verdict is Verdict.REPEATED
            assert slow.states == ["PENDING", "SUCCESS"]
            writer.close()

    @one_server("it makes the connection of a JournalWriter")
    def test_an_interrupted_append_drops_the_connection(
        self, connect: Callable[[], Connection], journal: Journal
    ) -> None:
        """A soft time limit is raised by a signal, wherever the task is."""
        interruption = Interruption()

        def connect_interrupted() -> Connection:
            connection = connect()
            read: Any = connection.read_response
            connection.read_response = lambda *args, **kwargs: interruption(read, *args, **kwargs)  # type: ignore[method-assign]
            return connection

        writer = JournalWriter(connect_interrupted)
        first, second = Journal(journal.client, writer), Journal(journal.client, writer)
        first.send()
        interruption.due = True
        entry = first.entry("PROGRESS", "a")
        with pytest.raises(KeyboardInterrupt):
            writer.append(entry)
        interruption.due = False
        assert second.send().id == second.records[0].id
        assert writer.append(entry).id.seq == 2
        assert first.states == ["PENDING", "PROGRESS"]
        writer.close()

    def test_a_killed_connection_is_replaced(self, journal: Journal, servers: list[redis.Redis]) -> None:
        before = clients(servers)
        journal.send()
        mine = clients(servers) - before
        kill(servers, mine)
        assert journal.append("STARTED", "a").id.seq == 2

    def test_what_was_posted_over_a_killed_connection_is_sent_again(
        self, journal: Journal, servers: list[redis.Redis]
    ) -> None:
        before = clients(servers)
        journal.send()
        mine = clients(servers) - before
        for current in range(5):
            journal.writer.post(journal.entry("PROGRESS", "a", "progress", members={"data": str(current)}))
        kill(servers, mine)
        journal.append("SUCCESS", "a")
        assert [event.get("data") for event in journal.events] == [None, 0, 1, 2, 3, 4, None]

    def test_all_that_may_be_unanswered_is_written_once_and_in_order(
        self, journal: Journal, servers: list[redis.Redis], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Redis has done it all, and the replies are lost: a bar would run back, words would come twice."""
        monkeypatch.setattr(module, "ANSWER_DUE", 3600.0)
        before = clients(servers)
        journal.send()
        mine = clients(servers) - before
        for current in range(MAX_UNANSWERED):
            journal.writer.post(journal.entry("PROGRESS", "a", "progress", members={"data": str(current)}))
        until(lambda: len(journal.events) == 1 + MAX_UNANSWERED)
        kill(servers, mine)
        journal.append("SUCCESS", "a")
        expected = [None, *range(MAX_UNANSWERED), None]
        assert [event.get("data") for event in journal.events] == expected

    def test_each_of_several_threads_repeats_all_that_it_left_unanswered(
        self, journal: Journal, servers: list[redis.Redis], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "ANSWER_DUE", 3600.0)
        before = clients(servers)
        journal.send()
        posted, cut = threading.Barrier(5), threading.Event()

        def report(thread: int) -> None:
            journal.append("PROGRESS", "a", "progress", members={"data": f"[{thread},-1]"})
            for current in range(MAX_UNANSWERED):
                members = {"data": f"[{thread},{current}]"}
                journal.writer.post(journal.entry("PROGRESS", "a", "progress", members=members))
            posted.wait()
            cut.wait()
            journal.append("PROGRESS", "a", "progress", members={"data": f"[{thread},{MAX_UNANSWERED}]"})

        threads = [threading.Thread(target=report, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        posted.wait()
        until(lambda: len(journal.events) == 1 + 4 * (MAX_UNANSWERED + 1))
        kill(servers, clients(servers) - before)
        cut.set()
        for thread in threads:
            thread.join()
        told = [event["data"] for event in journal.events[1:]]
        for number in range(4):
            of_thread = [current for thread, current in told if thread == number]
            assert of_thread == list(range(-1, MAX_UNANSWERED + 1))

    def test_the_head_stays_compact(self, journal: Journal) -> None:
        """Of a task that is sent by one process, run by another, and looked at by others."""
        for number in range(40):
            journal.append("PROGRESS", "a", "progress", token=f"{number:08x}")
        remembered: Any = journal.client.hget(journal.keys.head, "tokens")
        assert len(remembered) <= REMEMBERED

    def test_a_server_that_forgot_the_script_loses_nothing_that_was_posted(self, journal: Journal) -> None:
        journal.send()
        journal.client.script_flush()
        for current in range(5):
            journal.writer.post(journal.entry("PROGRESS", "a", "progress", members={"data": str(current)}))
        journal.append("SUCCESS", "a")
        assert [event.get("data") for event in journal.events] == [None, 0, 1, 2, 3, 4, None]


class Interruption:
    """Comes in place of a reply when it is ``due``."""

    due = False

    def __call__(self, read: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.due:
            raise KeyboardInterrupt
        return read(*args, **kwargs)


def _connection(server: Valkey, timeout: float) -> Connection:
    return Connection(host="127.0.0.1", port=server.port, socket_timeout=timeout, retry=Retry(NoBackoff(), 0))
