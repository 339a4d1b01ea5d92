"""How one stream of events is followed over many requests: what to ask, what to make of the answer. Sans I/O.

Server-Sent Events come first. Where something on the way refuses or holds back the stream, long-polling does
the same, from the same cursor. Whoever carries this out makes one request after the other:

    while not following.over:
        wait(following.pause)
        ask = following.ask()
        send the request, with a new token where `ask.renew` says so
        following.answer(status, headers), then following.receive(chunk) for each chunk,
        then following.finish(); or following.fail(failure) if the request broke
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from taskbeam.background.backoff import Backoff
from taskbeam.client.cursor import START, Verdict, verdict
from taskbeam.client.event_stream import EventStream, EventTooLongError
from taskbeam.client.exchange import problem_in
from taskbeam.contract.errors import Unauthenticated
from taskbeam.journal.events import EventId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from taskbeam.contract.errors import Refused

#: Seconds of silence after which something holds a stream back: a gateway's heart beats every 15.
SILENCE = 25.0

#: Seconds that a long-poll waits for news, and that its answer may be late.
WAIT, LATE = 20, 10.0

#: Seconds between two requests: a random part of a limit that doubles.
FIRST_PAUSE, LAST_PAUSE = 1.0, 30.0

#: Failures in a row after which a transport is given up that opens, or has shown that it works here.
STRIKES = 3

#: Seconds to wait behind an answer with nothing new, for what answers early would be asked without a pause.
REST = 0.5

#: Bytes that the answer to a long-poll, or a problem, may have.
LARGEST = 64 * 1024 * 1024


class Failure(Enum):
    """How a request broke."""

    #: Nothing answered, or what answered was no gateway.
    REFUSED = "refused"
    #: It is open, and nothing comes.
    SILENT = "silent"
    #: It ended before its end.
    CUT = "cut"


class Transport(Enum):
    """How events come."""

    SSE = "text/event-stream"
    POLL = "application/json"


#: The best one first.
_RUNGS = (Transport.SSE, Transport.POLL)


@dataclass(frozen=True, slots=True)
class Ask:
    """A GET to make: how long it may be silent (seconds), and whether to renew the token first."""

    query: Mapping[str, str]
    accept: str
    silence: float
    renew: bool


class Following:
    """One task or feed, from a cursor to its end.

    Args:
        after: the cursor to go on from; None = from the start. Raises `InvalidCursorError` for what is none.
        renewable: whether another token can be had when one is refused.
        uniform: as `random.uniform`.
    """

    def __init__(
        self,
        after: str | None = None,
        *,
        renewable: bool = False,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.cursor = None if after is None else EventId.parse(after)
        #: There is nothing more to ask.
        self.over = False
        #: Seconds to wait before the next request.
        self.pause = 0.0
        self._backoff = Backoff(FIRST_PAUSE, LAST_PAUSE, uniform)
        self._rung = 0
        self._strikes = 0
        self._proven: set[Transport] = set()
        self._polled_before = False
        self._renewable = renewable
        self._renew = False
        #: A token was refused, and nothing has come since.
        self._renewed = False
        #: That of this request was got for it, and nobody has taken it yet.
        self._fresh = False
        self._begin()

    @property
    def transport(self) -> Transport:
        """The one in use."""
        return _RUNGS[self._rung]

    def ask(self) -> Ask:
        """What to ask now."""
        self._begin()
        renew, self._renew = self._renew, False
        self._fresh = renew
        query = {} if self.cursor is None else {"after": str(self.cursor)}
        if self.transport is Transport.SSE:
            return Ask(query, self.transport.value, SILENCE, renew)
        # The first answer says what there is; only then is there something to wait for.
        wait = WAIT if self.cursor is not None or self._polled_before else 0
        return Ask({**query, "wait": str(wait)}, self.transport.value, wait + LATE, renew)

    def answer(self, status: int, headers: Mapping[str, str]) -> None:
        """The response begins; the names of ``headers`` are in lower case."""
        self._status, self._retry_after = status, headers.get("retry-after", "")
        content = headers.get("content-type", "").partition(";")[0].strip()
        self._streams = status == 200 and content == Transport.SSE.value
        self._fresh = self._fresh and not self._streams
        if status == 200 and content != self.transport.value:
            self._status = 0  # something on the way answers by itself

    def receive(self, chunk: bytes) -> Iterator[Mapping[str, Any]]:
        """Take what came; the events that are new. Raises what `finish` raises."""
        if not self._streams:
            self._body += chunk
            if len(self._body) > LARGEST:
                self._break_off(Failure.CUT)
            return
        self._proven.add(self.transport)
        try:
            for name, data in self._stream.receive(chunk):
                if name == "problem":
                    self._refused(problem_in(None, data.encode()))
                elif name == "message":
                    yield from self._event(_object(json.loads(data)))
                if self.broken:
                    return
        except (EventTooLongError, ValueError):  # ValueError: no JSON, no cursor
            self._break_off(Failure.CUT)

    def finish(self) -> Iterator[Mapping[str, Any]]:
        """The response is whole: the events that are new.

        Raises `Refused` for what no further request will change.
        """
        if self.broken or self.over:
            return
        if self._status == 204:
            self.over = True
        elif self._streams:
            self.fail(Failure.CUT)
        elif self._status == 200:
            yield from self._polled()
        else:
            self._refused(problem_in(self._status, bytes(self._body)))

    def fail(self, failure: Failure) -> None:
        """The request broke: the next one waits, or is by the next transport."""
        self._strikes += 1
        enough = STRIKES if failure is Failure.CUT or self.transport in self._proven else 1
        moves = self._strikes >= enough
        if moves:
            self._rung, self._strikes = (self._rung + 1) % len(_RUNGS), 0
        self.pause = 0.0 if moves and self._rung else self._backoff.next()

    def _begin(self) -> None:
        self._stream = EventStream()
        self._body = bytearray()
        self._status, self._retry_after, self._streams = 0, "", False
        self._first = self.cursor in (None, START)
        #: Whether the rest of the response is of no use.
        self.broken = False

    def _break_off(self, failure: Failure) -> None:
        self.broken = True
        self.fail(failure)

    def _event(self, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Raises `ValueError` for what is no event."""
        try:
            found = verdict(self.cursor, body, first=self._first)
        except (KeyError, TypeError) as error:
            raise ValueError from error
        self._first = self._first and "id" not in body
        if found is Verdict.ASK:
            self._break_off(Failure.CUT)
        elif found is Verdict.TAKE:
            if "id" in body:
                self.cursor = EventId.parse(body["id"])
            self._lives()
            self.over = self.broken = bool(body.get("final"))
            yield body

    def _polled(self) -> Iterator[Mapping[str, Any]]:
        try:
            answer = _object(json.loads(self._body))
            events = [_object(body) for body in answer.get("events", (None,))]
            self._proven.add(self.transport)
            self._polled_before = True
            self._lives()
            for body in events:
                yield from self._event(body)
                if self.broken:
                    return
        except (ValueError, TypeError):
            self.fail(Failure.REFUSED)
            return
        self.over = bool(answer.get("final"))
        self.pause = 0.0 if events else REST

    def _lives(self) -> None:
        """Something came: the failures so far do not count any more."""
        self._strikes, self.pause, self._renewed = 0, 0.0, False
        self._backoff.reset()

    def _refused(self, problem: Refused) -> None:
        self.broken = True
        if isinstance(problem, Unauthenticated) and self._renewable and not self._fresh:
            # However often: a task may be silent, or a gateway away, for longer than any token is good.
            self.pause = self._backoff.next() if self._renewed else 0.0
            self._renew = self._renewed = True
        elif problem.retry:
            self.fail(Failure.REFUSED)
            if self._retry_after.isdecimal():
                self.pause = max(self.pause, min(float(self._retry_after), LAST_PAUSE))
        else:
            raise problem


def _object(found: Any) -> Mapping[str, Any]:
    """A JSON object; raises `ValueError` for anything else."""
    if not isinstance(found, dict):
        raise ValueError
    return found
