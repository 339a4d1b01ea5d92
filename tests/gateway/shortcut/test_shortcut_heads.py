"""The head of an answer is the same, whoever gave it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.event_stream import connected_socket
from tests.support.gateway import PATHS, Gateway, gateway
from tests.support.raw_websocket import HANDSHAKE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.journal import Task

UPGRADE = HANDSHAKE.decode().splitlines()

#: What may be different in each answer.
CHANGING = {"date"}


class Head(NamedTuple):
    """``fields``: names in lower case, in alphabetical order."""

    status: str
    fields: list[tuple[str, str]]


def head(served: Gateway, target: str, *headers: str) -> Head:
    with connected_socket(served.port) as connection:
        lines = [f"GET {target} HTTP/1.1", "Host: localhost", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode())
        with connection.makefile("rb") as answer:
            status = answer.readline().decode().rstrip()
            fields = []
            while line := answer.readline().decode().rstrip():
                name, _, value = line.partition(": ")
                fields.append((name.lower(), value))
    return Head(status, sorted(fields))


def unchanging(found: Head) -> Head:
    assert {name for name, _ in found.fields} >= CHANGING
    return found._replace(fields=[field for field in found.fields if field[0] not in CHANGING])


def escaped(task: Task) -> str:
    """An address of the task that is no plain one."""
    return f"/tasks/{task.id.replace('-', '%2D', 1)}"


@pytest.fixture(scope="module")
def both(valkey: Valkey) -> Iterator[list[Gateway]]:
    """A gateway that knows the shortcut, and one that does not."""
    origin = valkey.url().removesuffix("/0")
    with gateway(origin, PATHS[0]) as detached, gateway(origin, PATHS[1]) as portable:
        yield [detached, portable]


class TestOfAnEventStream:
    @pytest.mark.parametrize("headers", [(), ("Connection: close",), ("Accept: text/event-stream",)])
    def test_is_the_applications(self, both: list[Gateway], task: Task, headers: tuple[str, ...]) -> None:
        addresses = [f"/tasks/{task.id}", escaped(task)]
        heads = [head(served, f"{each}/events", *headers) for served in both for each in addresses]
        assert heads[0].status == "HTTP/1.1 200 OK"
        assert [unchanging(each) for each in heads] == [unchanging(heads[0])] * 4


class TestOfASocket:
    @pytest.mark.parametrize(
        "offer",
        [
            (),
            ("Sec-WebSocket-Protocol: taskbeam",),
            ("Sec-WebSocket-Protocol: chat, taskbeam.token.abc, taskbeam",),
            ("Sec-WebSocket-Protocol: chat",),
            ("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",),
        ],
    )
    def test_is_the_applications(self, both: list[Gateway], task: Task, offer: tuple[str, ...]) -> None:
        addresses = [f"/tasks/{task.id}", escaped(task)]
        heads = [head(served, f"{each}/ws", *UPGRADE, *offer) for served in both for each in addresses]
        assert heads[0].status == "HTTP/1.1 101 Switching Protocols"
        assert [unchanging(each) for each in heads] == [unchanging(heads[0])] * 4

    def test_accepts_the_key(self, both: list[Gateway], task: Task) -> None:
        fields = dict(head(both[0], f"/tasks/{task.id}/ws", *UPGRADE).fields)
        assert (fields["upgrade"], fields["connection"]) == ("websocket", "Upgrade")
        assert fields["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert fields["server"] == "uvicorn"
