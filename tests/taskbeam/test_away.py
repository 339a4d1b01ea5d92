"""Which replies of Redis pass, as a writer gets them from a server."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.retry import Retry

from taskbeam.journal.away import REDIS_AWAY, refuses_for_good
from taskbeam.journal.entry import Delivery, Entry
from taskbeam.journal.keys import task_keys
from taskbeam.journal.writer import JournalWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSING = {
    "OOM": "command not allowed when used memory > 'maxmemory'.",
    "READONLY": "You can't write against a read only replica.",
    "LOADING": "Redis is loading the dataset in memory",
    "MISCONF": "Redis is configured to save RDB snapshots, but it's currently unable to persist on disk.",
    "MASTERDOWN": "Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "NOREPLICAS": "Not enough good replicas to write.",
    "CLUSTERDOWN": "The cluster is down",
    "TRYAGAIN": "Multiple keys request during rehashing of slot",
    "BUSY": "Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
}
STAYING = {
    "WRONGTYPE": "Operation against a key holding the wrong kind of value",
    "ERR": "unknown command 'EVALSHA'",
    "CROSSSLOT": "Keys in request don't hash to the same slot",
}


@contextmanager
def answering(line: str) -> Iterator[int]:
    """A server that answers each script with an error; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(65536):
                    replies = b"+OK\r\n" * data.count(b"SETINFO")
                    connection.sendall(replies + f"-{line}\r\n".encode() * data.count(b"EVALSHA"))

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def answered(line: str) -> tuple[Exception, Delivery]:
    """What an append raises, and how far it counts as having come."""
    with answering(line) as port:
        writer = JournalWriter(lambda: connection(port))
        entry = Entry(keys=task_keys("7"), task_id="7", type="state", state="SUCCESS", final=True)
        with pytest.raises(REDIS_AWAY) as raised:
            writer.append(entry)
        writer.close()
    return raised.value, entry.delivery


def connection(port: int) -> Connection:
    return Connection(host="127.0.0.1", port=port, socket_timeout=30, protocol=2, retry=Retry(NoBackoff(), 0))


@pytest.mark.parametrize("word", PASSING)
def test_a_reply_that_passes(word: str) -> None:
    error, delivery = answered(f"{word} {PASSING[word]}")
    assert not refuses_for_good(error)
    assert delivery is not Delivery.REFUSED


@pytest.mark.parametrize("word", sorted(PASSING.keys() - {"LOADING", "BUSY"}))
def test_the_same_to_a_command_within_a_script_before_redis_7(word: str) -> None:
    """There a script that has begun is not told LOADING or BUSY."""
    script = "ERR Error running script (call to f_1): @user_script:97: @user_script: 97:"
    error, delivery = answered(f"{script} -{word} {PASSING[word]}")
    assert not refuses_for_good(error)
    assert delivery is not Delivery.REFUSED


@pytest.mark.parametrize("word", STAYING)
def test_a_reply_that_stays(word: str) -> None:
    error, delivery = answered(f"{word} {STAYING[word]}")
    assert refuses_for_good(error)
    assert delivery is Delivery.REFUSED
