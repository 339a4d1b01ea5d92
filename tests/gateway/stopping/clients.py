"""Each kind of client that a gateway may have when it is told to stop, and what each may be told."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException, IncompleteRead
from typing import TYPE_CHECKING, NamedTuple

from tests.support.event_stream import EventStream, connected_socket
from tests.support.raw_websocket import Closed, RawWebSocket

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from tests.support.gateway import Gateway

    #: Waits until the gateway has done with the client; returns how, or raises `UntruthError`.
    End = Callable[[], str]

#: Bytes of a client's receive buffer that holds back what a gateway writes.
SMALL = 4096

#: Seconds within which the gateway has to do something with each connection.
PATIENCE = 60.0


class UntruthError(Exception):
    """A client was told something that is not so, or half of something."""


class Site(NamedTuple):
    """Where a client goes, and a task that it follows there."""

    served: Gateway
    task_id: str


def reading_stream(site: Site) -> End:
    """An event stream ends as a whole, and says when to come back."""
    stream = EventStream(site.served, site.task_id)
    stream.block()
    return lambda: _end_of_stream(stream)


def _end_of_stream(stream: EventStream) -> str:
    with stream:
        try:
            words = stream.rest()
        except (IncompleteRead, ConnectionError) as error:
            raise UntruthError(f"the stream was cut: {error!r}") from error
        last = words.rstrip(b"\n").rpartition(b"\n")[2]
        if not last.startswith(b"retry: "):
            raise UntruthError(f"the stream ended with {last[-100:]!r}")
        return "retry:"


def reading_socket(site: Site) -> End:
    """A WebSocket is closed with 1012."""
    return _end_of_socket(RawWebSocket(site.served, f"/tasks/{site.task_id}/ws"))


def reading_socket_for_many(site: Site) -> End:
    many = RawWebSocket(site.served)
    many.say(op="subscribe", task_id=site.task_id)
    return _end_of_socket(many)


def _end_of_socket(client: RawWebSocket) -> End:
    client.body()

    def end() -> str:
        with client:
            try:
                closed = client.closed()
            except (EOFError, ConnectionError) as error:
                raise UntruthError(f"the socket was cut: {error!r}") from error
            if closed != Closed(1012, "restarting"):
                raise UntruthError(f"the socket was closed with {closed}")
            return "1012"

    return end


def polling_events(site: Site) -> End:
    """A long-poll is answered with what there is."""
    return _long_poll(site, f"/tasks/{site.task_id}/events?wait=50&after=")


def polling_snapshot(site: Site) -> End:
    return _long_poll(site, f"/tasks/{site.task_id}?wait=50&after=")


def _long_poll(site: Site, path: str) -> End:
    client = HTTPConnection("127.0.0.1", site.served.port, timeout=PATIENCE)
    last = json.loads(_answer(client, f"/tasks/{site.task_id}"))["last_event_id"]
    client.request("GET", path + last)

    def end() -> str:
        try:
            return f"answer of {len(_read(client)) > 0:d}"
        finally:
            client.close()

    return end


def asking_again_and_again(site: Site) -> End:
    """Each answer on a kept connection is whole, or there is none."""
    client = HTTPConnection("127.0.0.1", site.served.port, timeout=PATIENCE)

    def end() -> str:
        try:
            while True:
                try:
                    client.request("GET", f"/tasks/{site.task_id}", headers={"Connection": "keep-alive"})
                    answer = client.getresponse()
                except (ConnectionError, HTTPException, BrokenPipeError):
                    return "closed between two"  # also `RemoteDisconnected`: not a byte of an answer came
                _whole(answer.status, answer.read)
                if answer.will_close:
                    return "closed after an answer"
        finally:
            client.close()

    end_or_answer = _answer(client, f"/tasks/{site.task_id}")
    assert end_or_answer
    return end


def coming_anew(site: Site) -> End:
    """Whoever comes while the gateway stops is served well, or not at all."""

    def end() -> str:
        while True:
            try:
                stream = EventStream(site.served, site.task_id)
            except (ConnectionError, HTTPException, BrokenPipeError):
                return "refused"
            with stream:
                if stream.status == 503:
                    return "503"
                if stream.status != 200:
                    raise UntruthError(f"a stream was answered with {stream.status}")
                stream.block()

    return end


def sending_a_task(site: Site) -> End:
    """A request that changes something has its whole answer."""
    client = HTTPConnection("127.0.0.1", site.served.port, timeout=PATIENCE)

    def end() -> str:
        try:
            while True:
                try:
                    client.request(
                        "POST", "/reports", b'{"user_id": 1}', {"Content-Type": "application/json"}
                    )
                    answer = client.getresponse()
                except (ConnectionError, HTTPException, BrokenPipeError):
                    return "closed between two"
                _whole(answer.status, answer.read)
                if answer.will_close:
                    return "closed after an answer"
        finally:
            client.close()

    return end


def idle_after_an_answer(site: Site) -> End:
    client = HTTPConnection("127.0.0.1", site.served.port, timeout=PATIENCE)
    _answer(client, f"/tasks/{site.task_id}")
    return _silence(client.sock)


def connected_and_silent(site: Site) -> End:
    return _silence(connected_socket(site.served.port))


def half_a_head(site: Site) -> End:
    return _sent(site, b"GET /tasks/%b/events HTTP/1.1\r\nHost: " % site.task_id.encode())


def half_a_handshake(site: Site) -> End:
    head = b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return _sent(site, head)


def half_a_body(site: Site) -> End:
    head = b"POST /reports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return _sent(site, head + b'Content-Length: 100\r\n\r\n{"user_id"')


def _sent(site: Site, half: bytes) -> End:
    client = connected_socket(site.served.port)
    client.sendall(half)
    return _silence(client)


def _silence(client: socket.socket) -> End:
    """Nothing is owed to it: the connection is closed, with a problem or without a word."""

    def end() -> str:
        with client:
            data = b""
            try:
                while more := client.recv(65536):
                    data += more
            except ConnectionError:
                return "reset"
            if data and not data.startswith((b"HTTP/1.1 408", b"HTTP/1.1 503")):
                raise UntruthError(f"told {data[:200]!r}")
            return data[9:12].decode() or "closed"

    return end


def stream_that_does_not_read(site: Site) -> End:
    stream = EventStream(site.served, site.task_id, receive_buffer=SMALL)
    return lambda: _left(stream.close)


def socket_that_does_not_read(site: Site) -> End:
    client = RawWebSocket(site.served, f"/tasks/{site.task_id}/ws", receive_buffer=SMALL)
    return lambda: _left(client.drop)


def socket_that_does_not_answer(site: Site) -> End:
    client = RawWebSocket(site.served, f"/tasks/{site.task_id}/ws")

    def end() -> str:
        try:
            while client.socket.recv(65536):
                pass
        except ConnectionError:
            pass
        return _left(client.drop)

    return end


def _left(leave: Callable[[], None]) -> str:
    leave()
    return "left"


def _answer(client: HTTPConnection, path: str) -> bytes:
    client.request("GET", path)
    return _read(client)


def _read(client: HTTPConnection) -> bytes:
    try:
        answer = client.getresponse()
    except (ConnectionError, HTTPException) as error:
        raise UntruthError(f"no answer: {error!r}") from error
    return _whole(answer.status, answer.read)


def _whole(status: int, read: Callable[[], bytes]) -> bytes:
    try:
        body = read()
    except (ConnectionError, HTTPException) as error:
        raise UntruthError(f"half an answer: {error!r}") from error
    if status not in (200, 202, 503):
        raise UntruthError(f"answered {status}: {body[:200]!r}")
    return body


class Kind(NamedTuple):
    """``leaves``: it does its part as soon as it is told to; the others take as long as they are given."""

    open: Callable[[Site], End]
    leaves: bool = True


KINDS = {
    kind.open.__name__: kind
    for kind in (
        Kind(reading_stream),
        Kind(reading_socket),
        Kind(reading_socket_for_many),
        Kind(polling_events),
        Kind(polling_snapshot),
        Kind(asking_again_and_again),
        Kind(coming_anew),
        Kind(sending_a_task),
        Kind(idle_after_an_answer),
        Kind(connected_and_silent),
        Kind(half_a_head),
        Kind(half_a_handshake),
        Kind(half_a_body, leaves=False),
        Kind(stream_that_does_not_read, leaves=False),
        Kind(socket_that_does_not_read, leaves=False),
        Kind(socket_that_does_not_answer, leaves=False),
    )
}
