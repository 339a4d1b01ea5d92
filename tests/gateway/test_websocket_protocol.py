"""RFC 6455 on both serving paths: what a client may do, and what closes the socket."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from websockets.frames import Opcode

from tests.support.raw_websocket import RawWebSocket, frame, head, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.gateway import Gateway
    from tests.support.journal import Task

PING = b'{"op":"ping"}'
PONG = b'{"op":"pong"}'
LIMIT = 64 * 1024


#: Messages in fragments, with pings between them.
FRAGMENTED = {
    "text, ping, end": [
        frame(Opcode.TEXT, PING[:6], fin=False),
        frame(Opcode.PING, b"pongme 1!"),
        frame(Opcode.CONT, PING[6:]),
    ],
    "text, more, ping, more, more, ping, end": [
        frame(Opcode.TEXT, PING[:2], fin=False),
        frame(Opcode.CONT, PING[2:4], fin=False),
        frame(Opcode.PING, b"pongme 1!"),
        frame(Opcode.CONT, PING[4:6], fin=False),
        frame(Opcode.CONT, PING[6:8], fin=False),
        frame(Opcode.PING, b"pongme 2!"),
        frame(Opcode.CONT, PING[8:]),
    ],
}


@pytest.fixture
def socket(served: Gateway) -> Iterator[RawWebSocket]:
    with RawWebSocket(served) as found:
        yield found


class TestMessages:
    def test_fragments_make_one_message(self, socket: RawWebSocket) -> None:
        socket.send(frame(Opcode.TEXT, PING[:3], fin=False))
        socket.send(frame(Opcode.CONT, b"", fin=False) + frame(Opcode.CONT, PING[3:7], fin=False))
        socket.send(frame(Opcode.CONT, PING[7:]))
        assert socket.body() == PONG

    def test_an_empty_first_fragment(self, socket: RawWebSocket) -> None:
        socket.send(frame(Opcode.TEXT, b"", fin=False) + frame(Opcode.CONT, PING))
        assert socket.body() == PONG

    def test_control_frames_come_between_fragments(self, socket: RawWebSocket) -> None:
        socket.send(frame(Opcode.TEXT, PING[:5], fin=False))
        socket.send(frame(Opcode.PING, b"between") + frame(Opcode.PONG, b"unasked"))
        assert socket.receive() == (Opcode.PONG, b"between")
        socket.send(frame(Opcode.CONT, PING[5:]))
        assert socket.body() == PONG

    def test_events_come_between_the_fragments_of_a_message(self, socket: RawWebSocket, task: Task) -> None:
        socket.say(op="subscribe", task_id=task.id)
        assert socket.json()["op"] == "subscribed"
        assert socket.body() == task.bodies()[0]
        socket.send(frame(Opcode.TEXT, PING[:5], fin=False))
        task.append()
        assert socket.body() == task.bodies()[1]
        socket.send(frame(Opcode.CONT, PING[5:]))
        assert socket.body() == PONG

    def test_a_character_may_be_split_over_fragments(self, socket: RawWebSocket) -> None:
        message = '{"op":"unsubscribe","task_id":"🦄"}'.encode()
        split = message.index("🦄".encode()) + 2
        socket.send(frame(Opcode.TEXT, message[:split], fin=False) + frame(Opcode.CONT, message[split:]))
        assert socket.json()["task_id"] == "🦄"

    @pytest.mark.parametrize("payload", [b"", b"x" * 125])
    def test_a_ping_is_answered_with_its_payload(self, socket: RawWebSocket, payload: bytes) -> None:
        socket.send(frame(Opcode.PING, payload))
        assert socket.receive() == (Opcode.PONG, payload)

    def test_pongs_are_not_overtaken_by_answers_to_what_came_after(self, socket: RawWebSocket) -> None:
        """All frames come in one segment."""
        socket.send(
            frame(Opcode.PING, b"first")
            + frame(Opcode.TEXT, PING[:3], fin=False)
            + frame(Opcode.PING, b"between")
            + frame(Opcode.CONT, PING[3:])
            + text("no JSON")
            + frame(Opcode.PING, b"last")
        )
        received = [socket.receive() for _ in range(5)]
        pongs = [each.payload for each in received if each.opcode is Opcode.PONG]
        messages = [each.payload for each in received if each.opcode is Opcode.TEXT]
        assert pongs == [b"first", b"between", b"last"]
        assert messages[0] == PONG
        assert b"bad_json" in messages[1]
        assert [each.payload for each in received[:2]] == [b"first", b"between"]

    @pytest.mark.parametrize("pieces", ["all at once", "frame by frame", "octet by octet"])
    @pytest.mark.parametrize("case", FRAGMENTED)
    def test_pings_between_fragments_are_answered_before_the_message(
        self, socket: RawWebSocket, case: str, pieces: str
    ) -> None:
        """Autobahn's 5.6 to 5.8, and 5.19 and 5.20, whose pieces come as it sends them."""
        frames = FRAGMENTED[case]
        whole = b"".join(frames)
        octets = (whole[at : at + 1] for at in range(len(whole)))
        for piece in {"all at once": [whole], "frame by frame": frames}.get(pieces, octets):
            socket.send(piece)
        pings = case.count("ping")
        received = [socket.receive() for _ in range(pings + 1)]
        assert received[:-1] == [(Opcode.PONG, b"pongme %d!" % number) for number in range(1, pings + 1)]
        assert received[-1] == (Opcode.TEXT, PONG)

    def test_an_unasked_pong_is_ignored(self, socket: RawWebSocket) -> None:
        socket.send(frame(Opcode.PONG, b"unasked") + frame(Opcode.TEXT, PING))
        assert socket.body() == PONG

    def test_many_messages_in_one_segment(self, socket: RawWebSocket) -> None:
        socket.send(frame(Opcode.TEXT, PING) * 50)
        assert [socket.body() for _ in range(50)] == [PONG] * 50

    def test_a_message_of_the_largest_size(self, socket: RawWebSocket) -> None:
        socket.send(frame(Opcode.TEXT, PING[:-1] + b" " * (LIMIT - len(PING)) + b"}"))
        assert socket.body() == PONG

    @pytest.mark.parametrize("cut", range(1, 6 + len(PING)))
    def test_a_frame_may_come_in_two_segments_cut_anywhere(self, socket: RawWebSocket, cut: int) -> None:
        whole = frame(Opcode.TEXT, PING)
        socket.send(frame(Opcode.PING, b"first") + whole[:cut])
        # The answer shows that the first segment was read before the second is sent.
        assert socket.receive() == (Opcode.PONG, b"first")
        socket.send(whole[cut:])
        assert socket.body() == PONG


def close_frame(code: int, reason: bytes = b"") -> bytes:
    return frame(Opcode.CLOSE, struct.pack("!H", code) + reason)


VIOLATIONS = {
    "a binary message": (1003, frame(Opcode.BINARY, b"x")),
    "a fragmented binary message": (1003, frame(Opcode.BINARY, b"x", fin=False) + frame(Opcode.CONT, b"y")),
    "invalid UTF-8": (1007, frame(Opcode.TEXT, b"\xce\xba\xe1\xff")),
    "invalid UTF-8 over fragments": (
        1007,
        frame(Opcode.TEXT, b"\xf0\x9f", fin=False) + frame(Opcode.CONT, b"x"),
    ),
    "an unfinished character": (1007, frame(Opcode.TEXT, b"\xf0\x9f\xa6")),
    "a surrogate": (1007, frame(Opcode.TEXT, b"\xed\xa0\x80")),
    "a message that is too large": (1009, head(0x81, LIMIT + 1)),
    "a message that would be far too large": (1009, head(0x81, 2**62)),
    "fragments that are too large together": (
        1009,
        frame(Opcode.TEXT, b" " * LIMIT, fin=False) + head(0x80, 1),
    ),
    "reserved bit 1": (1002, frame(Opcode.TEXT, PING, reserved=4)),
    "reserved bit 2": (1002, frame(Opcode.TEXT, PING, reserved=2)),
    "reserved bit 3": (1002, frame(Opcode.PING, b"", reserved=1)),
    "a reserved data opcode": (1002, frame(3, b"")),
    "a reserved control opcode": (1002, frame(11, b"")),
    "no mask": (1002, frame(Opcode.TEXT, PING, masked=False)),
    "a fragmented ping": (1002, frame(Opcode.PING, b"", fin=False)),
    "a ping that is too large": (1002, frame(Opcode.PING, b"x" * 126)),
    "a continuation of nothing": (1002, frame(Opcode.CONT, b"x")),
    "a message within a message": (1002, frame(Opcode.TEXT, b"{", fin=False) + frame(Opcode.TEXT, b"}")),
    "a close frame of one byte": (1002, frame(Opcode.CLOSE, b"\x03")),
    "a close reason that is not UTF-8": (1007, close_frame(1000, b"\xff")),
} | {
    f"close code {code}": (1002, close_frame(code))
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
}


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_violation_closes_the_socket(socket: RawWebSocket, task: Task, violation: str) -> None:
    code, bytes_sent = VIOLATIONS[violation]
    socket.say(op="subscribe", task_id=task.id)
    assert [socket.json()["op"], socket.body()] == ["subscribed", task.bodies()[0]]
    socket.send(bytes_sent)
    # Read by hand: no event may follow the close frame, though the client keeps its side open for a while.
    received = socket.receive()
    assert received.opcode is Opcode.CLOSE
    assert struct.unpack("!H", received.payload[:2]) == (code,)
    task.wait_for_subscribers(0)
    task.append()
    with suppress(OSError):  # it may have gone already
        socket.send(frame(Opcode.CLOSE, received.payload))
    with pytest.raises((EOFError, ConnectionResetError)):
        socket.receive()


class TestClosing:
    @pytest.mark.parametrize(
        "payload", [b"", *(struct.pack("!H", code) + b"bye" for code in (1000, 1001, 1011, 3000, 4999))]
    )
    def test_a_close_frame_is_echoed(self, socket: RawWebSocket, payload: bytes) -> None:
        socket.send(frame(Opcode.CLOSE, payload))
        assert socket.receive() == (Opcode.CLOSE, payload)
        with pytest.raises(EOFError):
            socket.receive()

    def test_nothing_behind_a_close_frame_is_read(self, socket: RawWebSocket) -> None:
        socket.send(close_frame(1000) + text({"op": "ping"}))
        assert socket.receive().opcode is Opcode.CLOSE
        with pytest.raises((EOFError, ConnectionResetError)):
            socket.receive()

    def test_a_client_that_closed_but_lingers_is_sent_nothing_and_disturbs_nobody(
        self, served: Gateway, task: Task
    ) -> None:
        path = f"/tasks/{task.id}/ws"
        with RawWebSocket(served, path) as lingering, RawWebSocket(served, path) as other:
            assert lingering.body() == other.body() == task.bodies()[0]
            lingering.send(close_frame(1000))
            assert lingering.receive().opcode is Opcode.CLOSE
            for _ in range(3):
                task.append()
                assert other.body() == task.bodies()[-1]
            with pytest.raises(EOFError):
                lingering.receive()
        assert "Lost the connection to Redis" not in served.process.output
