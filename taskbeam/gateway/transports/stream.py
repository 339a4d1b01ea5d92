"""Server-Sent Events: one task as an event stream (HTML standard, 9.2)."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

from taskbeam.follow.event import http_chunk
from taskbeam.follow.outputs import End
from taskbeam.gateway.http.problem_details import problem_body
from taskbeam.gateway.server.detach import Detached, detach_of
from taskbeam.gateway.transports.detached import DetachedConnection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.types import Message, Receive, Scope, Send

    from taskbeam.follow.event import Event
    from taskbeam.follow.follower import Follower
    from taskbeam.gateway.delivery.heartbeat import Heartbeats
    from taskbeam.gateway.delivery.opening import Opening
    from taskbeam.gateway.limits.admission import Admission
    from taskbeam.gateway.problems import Problem
    from taskbeam.gateway.shutdown import Shutdown

#: How long a browser waits before it reconnects, in ms; told once, with the first event.
RETRY = 2000

#: One comment line and no blank one, which some clients take for an empty event.
PING = b": ping\n"

HEADERS = {
    # A proxy that compressed the stream would hold it back (RFC 9111, 5.2.2.6).
    "Cache-Control": "no-store, no-transform",
    "Vary": "Accept",
    "Connection": "close",
    # nginx, and a gzip hop before it, would buffer the stream without this.
    "X-Accel-Buffering": "no",
    "Incremental": "?1",  # RFC 10036 asks every hop for the same
}


def problem_event(problem: Problem) -> bytes:
    """Why the stream ends before its task: an event of a name of its own, which is no event of the task.

    It has no id. A client that comes back with its cursor and the same credentials is told the same by HTTP,
    and then an `EventSource` stops.
    """
    return b"event: problem\ndata: %b\n\n" % problem_body(problem)


#: The last event of a finished task's stream, for a client that asked for it: by its name such as htmx stop.
END_EVENT = b'event: end\ndata: {"reason":"ended"}\n\n'


def retry_line(milliseconds: int) -> bytes:
    """The field that sets the client's reconnection time."""
    return b"retry: %d\n" % milliseconds


def retry_soon() -> bytes:
    """The last words of a server that stops: its clients come back, each at a moment of its own."""
    return retry_line(random.randint(RETRY // 4, 2 * RETRY)) + b"\n"


_PING_CHUNK = http_chunk(PING)

_START = "http.response.start"


def _without_start(send: Send) -> Send:
    """For a response whose head was sent already."""

    async def send_rest(message: Message) -> None:
        if message["type"] != _START:
            await send(message)

    return send_rest


class EventStreamResponse(StreamingResponse):
    """Streams an opening: detached where the server offers it, else over ASGI messages."""

    media_type = "text/event-stream"

    def __init__(
        self,
        opening: Opening,
        heartbeats: Heartbeats,
        heartbeat: float,
        admission: Admission,
        shutdown: Shutdown,
        *,
        tells_end: bool = False,
    ) -> None:
        """``admission`` leaves when the stream is over, which is when ``shutdown`` begins, at the latest.

        ``tells_end``: the stream of a task that ends has `END_EVENT` as its last event.
        """
        super().__init__(self._blocks(opening, heartbeat, tells_end), headers=HEADERS)
        self._tells_end = tells_end
        self._opening = opening
        self._heartbeats = heartbeats
        self._admission = admission
        self._shutdown = shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            self._leave()
            await send({"type": _START, "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body"})
            return
        detach = detach_of(scope)
        try:
            outcome = Detached.REFUSED
            if detach is not None:
                await send({"type": _START, "status": self.status_code, "headers": self.raw_headers})
                kind = EndingStream if self._tells_end else DetachedStream
                stream = kind(self._opening.follower, self._heartbeats, self._admission)
                outcome = detach(stream)
                send = _without_start(send)
            if outcome is Detached.DONE:
                self._opening.attach(stream)
                self._admission.attach(stream)
                return
            if outcome is Detached.REFUSED:
                self._admission.attach(self._opening.mailbox)
                with self._shutdown.watched_by(self._opening.mailbox.restart):
                    await super().__call__(scope, receive, send)
                if self._opening.mailbox.problem is not None:
                    self._admission.told(self._opening.mailbox.problem)
        except BaseException:
            self._leave()
            raise
        self._leave()

    def _leave(self) -> None:
        self._opening.follower.cancel()
        self._admission.leave()

    @staticmethod
    async def _blocks(opening: Opening, heartbeat: float, tells_end: bool) -> AsyncIterator[bytes]:
        mailbox = opening.mailbox
        prefix = retry_line(RETRY)
        while not mailbox.exhausted:
            events = await mailbox.take(heartbeat)
            if events:
                yield prefix + b"".join([event.sse for event in events])
                prefix = b""
            elif not mailbox.exhausted:
                yield PING
        if mailbox.problem is not None:
            yield problem_event(mailbox.problem)
        elif mailbox.restarting:
            yield retry_soon()
        elif tells_end and mailbox.end is End.FINISHED:
            yield END_EVENT


class DetachedStream(DetachedConnection):
    """Writes chunks of the body straight to the transport."""

    __slots__ = ("_admission", "_follower", "_started")

    def __init__(self, follower: Follower, heartbeats: Heartbeats, admission: Admission) -> None:
        super().__init__(heartbeats)
        self._admission = admission
        self._follower = follower
        self._started = False

    def open(self, head: bytes, events: Sequence[Event]) -> None:
        """Write the head of the response, with the first events where there are any."""
        self._started = bool(events)
        self.write(head + _first_chunk(events) if events else head)

    # What the hub calls.

    def deliver(self, events: Sequence[Event]) -> None:
        if not events:
            return
        if not self._started:
            self._started = True
            self.write(_first_chunk(events))
        elif self.transport is not None:
            chunks = events[0].chunk if len(events) == 1 else b"".join([event.chunk for event in events])
            self.transport.write(chunks)

    def finish(self, end: End) -> None:  # noqa: ARG002
        self._close(b"")

    # What the guard calls.

    def dismiss(self, problem: Problem) -> None:
        self._admission.told(problem)
        self._follower.cancel()
        self._close(http_chunk(problem_event(problem)))

    # What the heartbeats and the server call.

    @property
    def number(self) -> int:
        return self._admission.number

    def ping(self) -> None:
        self.write(_PING_CHUNK)

    def shutdown(self) -> None:
        """The client comes back at a moment of its own, with its cursor."""
        self._follower.cancel()
        self._close(http_chunk(retry_soon()))

    def _close(self, last_words: bytes) -> None:
        transport, self.transport = self.transport, None  # there is one end
        if transport is not None:
            transport.write(last_words + b"0\r\n\r\n")
            transport.close()

    # What asyncio calls.

    def gone(self) -> None:
        self._follower.cancel()
        self._admission.leave()

    def data_received(self, data: bytes) -> None:
        """A client has nothing to say after its request."""

    def pause_writing(self) -> None:
        self._follower.pause()

    def resume_writing(self) -> None:
        self._follower.resume()


class EndingStream(DetachedStream):
    """Tells the end of its task by name, too."""

    __slots__ = ()

    def finish(self, end: End) -> None:
        self._close(http_chunk(END_EVENT) if end is End.FINISHED else b"")


def _first_chunk(events: Sequence[Event]) -> bytes:
    return http_chunk(retry_line(RETRY) + b"".join([event.sse for event in events]))
