"""uvicorn's HTTP protocol with deadlines and a last word, as the life of the connection has them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from taskbeam.gateway.problems import TOO_SLOW
from taskbeam.gateway.server.connection_life import RULES, ConnectionLife, Late, Phase
from taskbeam.gateway.server.refusal import refusal

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from taskbeam.gateway.limits.waiting_room import Place
    from taskbeam.gateway.problems import Problem
    from taskbeam.gateway.server.intake import Intake


class TimedHttp(HttpToolsProtocol):
    """Carries out a `ConnectionLife`: sets its deadlines, and ends the connection with an answer."""

    def __init__(self, intake: Intake, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._intake = intake
        self._life = ConnectionLife(intake.bounds)
        self._place: Place | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._turn = -1
        #: What follows when the requests before have their answers. Until then nothing more is taken.
        self._last: Callable[[], None] | None = None

    def _keep_time(self) -> None:
        """Set the deadline of the phase, once; and say whether the connection waits in it."""
        life = self._life
        if life.turn == self._turn:
            return
        self._turn = life.turn
        if self._deadline is not None:
            self._deadline.cancel()
        seconds = life.seconds
        self._deadline = None if seconds is None else self.loop.call_later(seconds, self._is_late)
        if self._place is not None:
            if RULES[life.phase].waits:
                self._place.wait()
            else:
                self._place.leave()

    def _is_late(self) -> None:
        self._deadline = None
        late = RULES[self._life.phase].late
        if late is Late.REFUSE:
            self._refuse(TOO_SLOW)
            self._keep_time()
        elif late is Late.CLOSE:
            self._close()
        elif late is Late.ABORT:
            self.transport.abort()

    def _refuse(self, problem: Problem) -> None:
        """Answer with a problem, after the answers to the requests before; then end the connection."""
        if self._life.phase is Phase.BODY and not self._withdraw():
            self._close()  # its answer has begun
        else:
            self._when_answered(partial(self._write_last, problem))

    def _refusal(self, problem: Problem) -> bytes:
        self._intake.problems[problem.code] += 1
        return refusal(problem, self.server_state.default_headers)

    def _withdraw(self) -> bool:
        """Take the request that comes from the application; returns whether its answer has not begun."""
        cycle = self.cycle
        if cycle.response_started:
            return False
        self._life.withdrawn()
        if self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline.popleft()
        # uvicorn's word for "nothing more of it is sent".
        cycle.disconnected = True
        cycle.message_event.set()
        return True

    def _when_answered(self, last: Callable[[], None]) -> None:
        """Do it now, or when all requests before are answered; until then the client is not heard."""
        if not self._life.unanswered:
            last()
        elif self._last is None:
            self._last = last
            self._life.stops_listening()

    def _close(self) -> None:
        """Close when the client has read what is on its way, or has had the time to."""
        self._life.closes()
        self._keep_time()
        self.transport.close()

    def _write_last(self, problem: Problem) -> None:
        self._life.closes()
        if self.transport.is_closing():
            return
        self.transport.write(self._refusal(problem))
        if self.transport.can_write_eof():
            # Closing outright would reset the connection while the client still sends: it would not read why.
            self.transport.write_eof()
        else:
            self.transport.close()
        self._keep_time()

    def _hand_over(self) -> None:
        """Somebody else has the connection from here, and counts it."""
        self.connections.discard(self)
        self._leave()

    def _leave(self) -> None:
        self._life.gone()
        self._keep_time()
        if self._place is not None:
            self._place.leave()
            self._place = None
