"""A WebSocket that was taken from the server: frames are written straight to the transport."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from websockets.frames import CTRL_OPCODES, CloseCode, Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from taskbeam.background.log_fields import about
from taskbeam.follow.event import text_frame
from taskbeam.gateway.problems import RESTARTING
from taskbeam.gateway.transports.detached import DetachedConnection
from taskbeam.gateway.transports.session import CLOSE_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.follow.event import Event
    from taskbeam.gateway.delivery.heartbeat import Heartbeats
    from taskbeam.gateway.limits.portions import Portions
    from taskbeam.gateway.transports.session import Session

logger = logging.getLogger(__name__)

_PING = Frame(Opcode.PING, b"").serialize(mask=False)

#: A client's answer: it is empty, and masked by four bytes that follow.
_PONG, _PONG_SIZE = b"\x8a\x80", 6


class DetachedSocket(DetachedConnection):
    """RFC 6455 by the sans-I/O core of `websockets`, which an idle connection does without.

    The core is made when the client sends something and kept while a frame, a message or a closing
    handshake is under way. Events are framed once for all clients and pass it by.
    """

    __slots__ = (
        "_answered",
        "_core",
        "_max_size",
        "_message",
        "_portions",
        "_session",
        "_slow",
        "_unparsed",
    )

    def __init__(self, heartbeats: Heartbeats, portions: Portions, max_size: int) -> None:
        super().__init__(heartbeats)
        self._portions = portions
        self._max_size = max_size
        self._slow = False  # the client does not read what was written
        self._session: Session | None = None
        self._core: Protocol | None = None
        self._message: bytearray | None = None
        self._unparsed = 0  # bytes of a frame that is not there as a whole
        self._answered = True

    def begin(self, session: Session) -> None:
        """Who is told what the client sends."""
        self._session = session

    # What the session calls.

    @property
    def paused(self) -> bool:
        return self._slow

    def send_events(self, events: Sequence[Event]) -> None:
        transport = self.transport
        if transport is None or not events:
            return
        transport.write(events[0].frame if len(events) == 1 else b"".join([event.frame for event in events]))

    def send_text(self, payload: bytes) -> None:
        self.write(text_frame(payload))

    def close(self, code: int, reason: str, timeout: float = CLOSE_TIMEOUT) -> None:
        core = self._core = self._core or self._new_core()
        if self.transport is not None and core.state is OPEN:
            core.send_close(code, reason)
            self._flush(core)
            asyncio.get_running_loop().call_later(timeout, self._abort)

    # What the heartbeats and the server call.

    @property
    def number(self) -> int:
        return self._session.number if self._session is not None else 0

    def ping(self) -> None:
        """Ping; a client that left the last one unanswered is gone."""
        if self.transport is None or (self._core is not None and self._core.state is not OPEN):
            return
        if self._slow:
            return  # it is slow, and its answers wait behind what it has not read
        if not self._answered:
            self._abort()
            return
        self._answered = False
        self.transport.write(_PING)

    def shutdown(self) -> None:
        """The server stops: the client comes back with its cursor."""
        self.close(RESTARTING.close, RESTARTING.code)

    # What asyncio calls.

    def gone(self) -> None:
        self._portions.forget(self)
        self._core = None
        self._end_session()

    def pause_writing(self) -> None:
        # Nor is more asked of a gateway by a client that does not read its answers.
        self._slow = True
        self.pause()
        if self._session is not None:
            self._session.pause()

    def resume_writing(self) -> None:
        self._slow = False
        if not self._portions.pauses(self):
            self.resume()
        self._portions.go_on(self)
        if self._session is not None:
            self._session.resume()

    def data_received(self, data: bytes) -> None:
        asked, self._answered = not self._answered, True
        if asked and self._is_pong(data):
            return  # most of what idle clients ever send, and a core costs more than all else of it
        self._portions.received(self, data)

    # What the portions call.

    def take(self, data: bytes) -> int | None:
        if self.transport is None:
            return None
        if self._slow:
            return 0
        core = self._core = self._core or self._new_core()
        core.receive_data(data)
        self._unparsed += len(data)
        frames = others = 0
        for frame in core.events_received():
            if isinstance(frame, Frame):
                frames += 1
                others += frame.opcode in CTRL_OPCODES or not frame.fin
                self._unparsed -= _size_of(frame)
                self._frame_received(core, frame)
        self._flush(core)
        if core.state is OPEN and core.current_size is None and self._unparsed == 0:
            self._core = None
        if self._session is not None:
            self._session.heard(len(data), others)
        if frames > 1:
            self._portions.spend(frames - 1)
        return len(data)

    def pause(self) -> None:
        if self.transport is not None:
            self.transport.pause_reading()

    def resume(self) -> None:
        if self.transport is not None and not self._slow:
            self.transport.resume_reading()

    def _is_pong(self, data: bytes) -> bool:
        """Whether it is one as a whole, and nothing else is under way."""
        return (
            self._core is None
            and len(data) == _PONG_SIZE
            and data.startswith(_PONG)
            and not self._portions.has(self)
        )

    # The core.

    def _new_core(self) -> Protocol:
        return Protocol(SERVER, state=OPEN, max_size=self._max_size, logger=self._logger())

    def _logger(self) -> logging.Logger | logging.LoggerAdapter[logging.Logger]:
        """What the core tells of each frame, at the level debug."""
        if not logger.isEnabledFor(logging.DEBUG):
            return logger
        return logging.LoggerAdapter(logger, about(connection=self.number))

    def _frame_received(self, core: Protocol, frame: Frame) -> None:
        if frame.opcode is Opcode.BINARY:
            core.fail(CloseCode.UNSUPPORTED_DATA, "text messages only")
        elif frame.opcode is Opcode.TEXT or frame.opcode is Opcode.CONT:
            self._message = self._message or bytearray()
            self._message += frame.data
            if frame.fin:
                message, self._message = self._message, None
                self._message_received(core, bytes(message))

    def _message_received(self, core: Protocol, message: bytes) -> None:
        if core.state is not OPEN or self._session is None:
            return
        try:
            text = message.decode()
        except UnicodeDecodeError:
            core.fail(CloseCode.INVALID_DATA, "not UTF-8")
        else:
            # What answers the message must not overtake the pongs of pings that came before it.
            self._flush(core)
            self._session.received(text)

    def _flush(self, core: Protocol) -> None:
        """Write what the core wants sent; an empty item is its word for the end of the stream."""
        for data in core.data_to_send():
            if self.transport is None:
                return
            if data:
                self.transport.write(data)
            elif self.transport.can_write_eof():
                # Closing outright would reset the connection while the client still sends.
                self.transport.write_eof()
                asyncio.get_running_loop().call_later(CLOSE_TIMEOUT, self._abort)
            else:
                self.transport.close()
        if core.state is not OPEN:
            self._end_session()

    def _end_session(self) -> None:
        """Nothing may be sent behind a close frame."""
        session, self._session = self._session, None
        if session is not None:
            session.closed()

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


def _size_of(frame: Frame) -> int:
    """Bytes of a client's frame on the wire: its head, the masking key and the payload (RFC 6455, 5.2).

    A length may be spelt longer than needed; then the size is too small, and the core is kept for nothing.
    """
    size = len(frame.data)
    return 2 + (0 if size < 126 else 2 if size < 65536 else 8) + 4 + size
