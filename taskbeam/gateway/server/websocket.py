"""uvicorn's WebSocket protocol, with a deadline for its handshake; and one whose sockets can be detached."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from taskbeam.gateway.http.problem_details import problem_body, problem_headers
from taskbeam.gateway.limits.rate import spend
from taskbeam.gateway.problems import INTERNAL, RESTARTING, TOO_FAST, UNAVAILABLE
from taskbeam.gateway.server.detach import EXTENSION, Detached

if TYPE_CHECKING:
    import asyncio

    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
    from websockets.frames import Frame
    from websockets.http11 import Request

    from taskbeam.gateway.limits.waiting_room import Place
    from taskbeam.gateway.problems import Problem
    from taskbeam.gateway.server.detach import DetachedProtocol
    from taskbeam.gateway.server.intake import Intake

#: What the parser of `websockets` is fed in place of the request, which the HTTP protocol has read already.
_ANY_REQUEST = b"GET / HTTP/1.1\r\n\r\n"


#: Fragments of one message that are kept apart: an empty one costs memory, too.
FRAGMENTS = 1024


class GuardedWebSocket(WebSocketsSansIOProtocol):
    """Keeps the connection's place in the waiting room until the application has accepted the socket.

    What a client sent before it was accepted, which RFC 6455 forbids it (4.1), is lost.
    """

    _place: Place | None = None
    _late: asyncio.TimerHandle | None = None
    _intake: Intake
    _due = 0.0  # when the frames that end no message are paid for

    def open(
        self, transport: asyncio.Transport, request: Request, place: Place | None, intake: Intake
    ) -> None:
        """Shake hands by ``request``; the application has the time of its bounds to accept it or not."""
        self._request = request
        self._intake = intake
        self._late = self.loop.call_later(intake.bounds.handshake, self._is_late)
        self.connection_made(transport)
        transport.set_protocol(self)
        if place is not None:
            place.guest = self
            self._place = place
            place.wait()
        super().data_received(_ANY_REQUEST)

    def data_received(self, data: bytes) -> None:
        if self._late is None:
            self._intake.portions.received(self, data)

    # What the portions call.

    def take(self, data: bytes) -> int | None:
        if self.close_sent:
            if self.close_timer is None:
                return None
        elif self.read_paused or not self.writable.is_set():
            return 0  # the application is to take what came before; the client, what it was answered
        super().data_received(data)
        return len(data)

    def pause(self) -> None:
        self.transport.pause_reading()

    def resume(self) -> None:
        if not self.read_paused and self.writable.is_set():
            self.transport.resume_reading()

    # What uvicorn calls.

    def pause_writing(self) -> None:
        super().pause_writing()
        self.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._go_on()

    async def receive(self) -> ASGIReceiveEvent:
        message = await super().receive()
        if self._intake.portions.pauses(self):
            self.pause()  # uvicorn reads on as soon as its own queue is empty
        self._go_on()
        return message

    def _go_on(self) -> None:
        self._intake.portions.go_on(self)
        if not self._intake.portions.pauses(self):
            self.resume()

    def handle_ping(self) -> None:
        super().handle_ping()
        self._frame_came()

    def handle_pong(self, event: Frame) -> None:
        super().handle_pong(event)
        self._frame_came()

    def handle_cont(self, event: Frame) -> None:
        super().handle_cont(event)
        if not event.fin:
            if len(self.frames) > FRAGMENTS:
                self.frames = [b"".join(self.frames)]
            self._frame_came()

    def _frame_came(self) -> None:
        """One that ends no message: the application, which counts those, does not know of it."""
        self._intake.portions.spend(1)
        due = spend(self._due, time.monotonic(), 1 / self._intake.frame_rate)
        if due is not None:
            self._due = due
        elif not self.close_sent:
            self.conn.fail(TOO_FAST.close, TOO_FAST.code)
            self.handle_parser_exception()

    def handle_connect(self, event: Request) -> None:  # noqa: ARG002
        super().handle_connect(self._request)

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if self._late is not None and self.handshake_complete:
            self._settle()
        if self.close_sent:
            self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._intake.portions.forget(self)
        self._settle()
        super().connection_lost(exc)

    # What the server calls.

    def shutdown(self) -> None:
        self._reject(RESTARTING)
        if self.handshake_complete and not self.close_sent:
            self.close_sent = True  # with a reason, which uvicorn would leave out
            self.queue.put_nowait({"type": "websocket.disconnect", "code": RESTARTING.close})
            self.conn.send_close(RESTARTING.close, RESTARTING.code)
            self.transport.write(b"".join(self.conn.data_to_send()))
        super().shutdown()

    def send_500_response(self) -> None:
        self._reject(INTERNAL)

    # What the waiting room calls.

    def turn_out(self) -> None:
        """Somebody else needs the place."""
        self._settle()
        self.transport.abort()

    def _is_late(self) -> None:
        """The application did not answer: the client is told so, and gone."""
        self._settle()
        self._reject(UNAVAILABLE)
        self.transport.close()

    def _reject(self, problem: Problem) -> None:
        """Answer the handshake with a problem, unless it has its answer."""
        if self.initial_response or self.handshake_complete:
            return
        response = self.conn.reject(problem.status, problem_body(problem).decode())
        for name, value in problem_headers(problem).items():
            response.headers.pop(name, None)
            response.headers[name] = value
        self.initial_response = (problem.status, [], b"")
        self.conn.send_response(response)
        self.transport.write(b"".join(self.conn.data_to_send()))

    def _settle(self) -> None:
        """The handshake is over."""
        if self._late is not None:
            self._late.cancel()
            self._late = None
        if self._place is not None:
            self._place.leave()
            self._place = None


class DetachableWebSocket(GuardedWebSocket):
    """An accepted socket can be taken over."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            scope = cast("dict[str, Any]", self.scope)
            scope["extensions"][EXTENSION] = {"detach": self.detach}

    def detach(self, protocol: DetachedProtocol) -> Detached:
        """Let ``protocol`` speak WebSocket from here; the app returns without another ASGI message."""
        if self.disconnected or self.transport.is_closing():
            return Detached.GONE
        self._settle()
        self._intake.portions.forget(self)
        self.stop_keepalive()
        if self.read_paused:
            self.transport.resume_reading()
        self.connections.discard(self)
        self.transport.set_protocol(cast("asyncio.BaseProtocol", protocol))
        protocol.taken_over(self.transport, self.connections)
        # uvicorn closes its transport when the app returns.
        self.transport = cast("asyncio.Transport", _NoTransport())
        return Detached.DONE


class _NoTransport:
    """Stands where a transport was that is no longer uvicorn's to close."""

    def close(self) -> None:
        """Nothing to close."""
