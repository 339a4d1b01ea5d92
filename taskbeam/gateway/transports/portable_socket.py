"""A WebSocket on any ASGI server: slower than a detached one, with the same promises."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.websockets import WebSocketDisconnect
from websockets.frames import CloseCode

from taskbeam.background.log_fields import about
from taskbeam.gateway.problems import INTERNAL, RESTARTING
from taskbeam.gateway.transports.session import CLOSE_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.websockets import WebSocket

    from taskbeam.follow.event import Event
    from taskbeam.gateway.transports.session import Session, Socket

logger = logging.getLogger(__name__)

#: Messages that wait for a slow client. Past that it catches up from the journal instead.
HIGH_WATER = 256


class _ClientGoneError(Exception):
    """Nothing can be sent any more."""


class PortableSocket:
    """Sends from an outbox in one task, and reads in another: a socket nobody reads answers no pings."""

    def __init__(self, websocket: WebSocket, max_size: int) -> None:
        self._websocket = websocket
        self._max_size = max_size
        self._session: Session | None = None
        self._outbox: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._drained = asyncio.Event()
        self._drained.set()

    async def serve(self, begin: Callable[[Socket], Session]) -> None:
        """Let the session speak until the socket is closed."""
        self._session = session = begin(self)
        reader = asyncio.create_task(self._read(session))
        try:
            await self._write(session)
        except _ClientGoneError:
            pass
        except Exception:
            logger.exception("A WebSocket failed; it is closed, and its client comes back.", extra=about())
            await self._close(INTERNAL.close, INTERNAL.code)
        finally:
            session.closed()
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    def shutdown(self) -> None:
        """The server stops: the client comes back with its cursor."""
        self.close(RESTARTING.close, RESTARTING.code)

    # What the session calls.

    @property
    def paused(self) -> bool:
        return not self._drained.is_set()

    def send_events(self, events: Sequence[Event]) -> None:
        self._outbox.extend(event.body for event in events)
        self._outbox_grew()

    def send_text(self, payload: bytes) -> None:
        self._outbox.append(payload)
        self._outbox_grew()

    def close(self, code: int, reason: str, timeout: float = CLOSE_TIMEOUT) -> None:  # noqa: ARG002
        # How long the client has for its part, its server decides.
        self._closing = self._closing or (code, reason)
        self._changed.set()

    def _outbox_grew(self) -> None:
        self._changed.set()
        if len(self._outbox) >= HIGH_WATER and self._drained.is_set() and self._session is not None:
            self._drained.clear()
            self._session.pause()

    # The two tasks.

    async def _write(self, session: Session) -> None:
        while True:
            while self._outbox:
                await self._send(self._outbox.popleft().decode())
            if not self._drained.is_set():
                self._drained.set()
                session.resume()
            if self._outbox:
                continue
            if self._closing is not None:
                await self._close(*self._closing)
                return
            self._changed.clear()
            await self._changed.wait()

    async def _send(self, text: str) -> None:
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as error:  # Starlette and servers say it in either way
            raise _ClientGoneError from error

    async def _close(self, code: int, reason: str) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):
            await self._websocket.close(code, reason)

    async def _read(self, session: Session) -> None:
        try:
            await self._read_all(session)
        except Exception:
            logger.exception(
                "A WebSocket's message could not be handled; the socket is closed.", extra=about()
            )
            self.close(INTERNAL.close, INTERNAL.code)

    async def _read_all(self, session: Session) -> None:
        while True:
            # Nor is more asked of a gateway by a client that does not read its answers.
            await self._drained.wait()
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                self.close(CloseCode.NORMAL_CLOSURE, "")
                return
            text = message.get("text")
            if text is None:
                self.close(CloseCode.UNSUPPORTED_DATA, "text messages only")
            elif len(text.encode()) > self._max_size:
                self.close(CloseCode.MESSAGE_TOO_BIG, "message too big")
            elif self._closing is None:
                session.heard(len(text))
                session.received(text)
