"""The life of an HTTP connection as a table, without I/O and without a clock.

At every moment a connection is in one phase. The phase says which deadline holds, what happens when it
passes, and whether the connection only waits, so that it may be turned out for somebody else's sake. What a
client sends is counted by the same object, so nothing that a parser keeps is without a bound.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from taskbeam.gateway.problems import HEAD_TOO_LARGE, TOO_LARGE, Problem

#: Bytes that a chunked body may take on the wire for each byte of it: one in a chunk of its own takes six
#: (RFC 9112, 7.1). Chunk extensions, which nobody reads, are the rest.
CHUNK_OVERHEAD = 16


class Late(Enum):
    """What happens when a deadline passes."""

    #: The client is told that it was too slow (408), after the answers that it still gets.
    REFUSE = "refuse"
    #: No answer is owed, beside what is on its way: the connection is closed.
    CLOSE = "close"
    #: The client does not read what is on its way: the connection is cut.
    ABORT = "abort"
    #: The deadline is the application's.
    NOTHING = "nothing"


class Bounds(NamedTuple):
    """Seconds for each phase, and ``head_bytes`` of a request line with its headers, or of all trailers."""

    head_bytes: int
    head: float
    body: float
    handshake: float
    keep_alive: float = 5.0
    linger: float = 10.0


class Phase(Enum):
    """Where a connection is."""

    __hash__ = object.__hash__  # Enum's own is Python code, too slow for what each read looks up

    HEAD = "the head of a request is awaited, or comes"
    BODY = "the head has come, and the body comes"
    ANSWERING = "all that was asked has come, and the application answers"
    KEEP_ALIVE = "everything is answered, and the client may ask for something else"
    UPGRADING = "the client speaks WebSocket as soon as the application says so"
    CLOSING = "the last answer is on its way, and the client is to read it and go"
    GONE = "it is lost, or a stream or a socket has it, with an admission and heartbeats"


class Rule(NamedTuple):
    """``deadline``: which of `Bounds` holds. ``waits``: it may be turned out for somebody else's sake."""

    deadline: str | None
    late: Late
    waits: bool


#: While the application answers, the time is its own; if the client reads nothing of the answer, the kernel
#: drops it (`USER_TIMEOUT` of the server).
RULES: dict[Phase, Rule] = {
    Phase.HEAD: Rule("head", Late.REFUSE, waits=True),
    Phase.BODY: Rule("body", Late.REFUSE, waits=True),
    Phase.ANSWERING: Rule(None, Late.NOTHING, waits=False),
    Phase.KEEP_ALIVE: Rule("keep_alive", Late.CLOSE, waits=True),
    Phase.UPGRADING: Rule("handshake", Late.REFUSE, waits=True),
    Phase.CLOSING: Rule("linger", Late.ABORT, waits=True),
    Phase.GONE: Rule(None, Late.NOTHING, waits=False),
}


class Event(Enum):
    """What happens to a connection."""

    __hash__ = object.__hash__

    BYTES = "the client sent something"
    HEAD = "a head is complete"
    MESSAGE = "a request is complete"
    ANSWERED = "the last request that was open is answered"
    UPGRADE = "a head asks for WebSocket"


#: What is not here changes nothing. A refusal, and a loss, may come in any phase.
TRANSITIONS: dict[tuple[Phase, Event], Phase] = {
    (Phase.HEAD, Event.HEAD): Phase.BODY,
    (Phase.HEAD, Event.UPGRADE): Phase.UPGRADING,
    (Phase.BODY, Event.MESSAGE): Phase.ANSWERING,
    (Phase.ANSWERING, Event.BYTES): Phase.HEAD,
    (Phase.ANSWERING, Event.ANSWERED): Phase.KEEP_ALIVE,
    (Phase.KEEP_ALIVE, Event.BYTES): Phase.HEAD,
}


class ConnectionLife:
    """One connection's. ``turn`` grows with each phase that begins, so that its deadline is set once."""

    __slots__ = ("_body", "_bounds", "_raw", "_size", "phase", "turn", "unanswered")

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self.phase = Phase.HEAD
        self.turn = 0
        self.unanswered = 0
        self._size = 0  # of the head, then of the trailers
        self._raw = self._body = 0  # of the body: as it came, and as it is

    @property
    def seconds(self) -> float | None:
        """How long the phase may last; None = as long as the application takes."""
        deadline = RULES[self.phase].deadline
        return None if deadline is None else getattr(self._bounds, deadline)

    @property
    def is_heard(self) -> bool:
        """Whether what the client sends now matters."""
        return self.phase not in (Phase.UPGRADING, Phase.CLOSING, Phase.GONE)

    # What comes from the client.

    def received(self, size: int) -> None:
        """Some bytes came."""
        self._happened(Event.BYTES)
        if self.phase is Phase.HEAD:
            self._size += size
        else:
            self._raw += size

    def message_begins(self) -> None:
        """The first byte of a request, perhaps behind another one."""
        self._happened(Event.BYTES)

    def head_ends(self) -> None:
        """A request is to be answered from here on."""
        self._happened(Event.HEAD)
        self.unanswered += 1
        self._size = self._raw = self._body = 0

    def body(self, size: int) -> None:
        """So many bytes of the body itself."""
        self._body += size

    def trailer(self, size: int) -> None:
        """So many bytes of a field behind the body."""
        self._size += size

    def message_ends(self) -> None:
        """The request is complete."""
        self._happened(Event.MESSAGE)
        self._size = 0
        if not self.unanswered:  # the application did not wait for all of it
            self._happened(Event.ANSWERED)

    def excess(self) -> Problem | None:
        """What is wrong with how much has come, if anything is."""
        if self._size > self._bounds.head_bytes:
            return HEAD_TOO_LARGE
        if self.phase is Phase.BODY and self._raw > self._bounds.head_bytes + CHUNK_OVERHEAD * self._body:
            return TOO_LARGE
        return None

    # What we do.

    def upgrades(self) -> None:
        """The client asks to speak WebSocket."""
        self._happened(Event.UPGRADE)
        self._size = 0

    def answered(self) -> None:
        """A request has its whole answer."""
        self.unanswered -= 1
        if not self.unanswered:
            self._happened(Event.ANSWERED)

    def withdrawn(self) -> None:
        """The request that comes gets no answer of the application: it is refused."""
        self.unanswered -= 1

    def stops_listening(self) -> None:
        """Nothing more is taken from the client: earlier requests are still to be answered."""
        self._enter(Phase.ANSWERING)

    def closes(self) -> None:
        """The last answer is on its way."""
        self._enter(Phase.CLOSING)

    def gone(self) -> None:
        """The connection is lost, or somebody else has it."""
        self._enter(Phase.GONE)

    def _happened(self, event: Event) -> None:
        after = TRANSITIONS.get((self.phase, event))
        if after is not None:
            self._enter(after)

    def _enter(self, phase: Phase) -> None:
        if self.phase is not Phase.GONE:
            self.phase = phase
            self.turn += 1


class Trailers(list[tuple[bytes, bytes]]):
    """Fields behind a body (RFC 9110, 6.5): they are counted, and nobody gets them."""

    def __init__(self, life: ConnectionLife) -> None:
        super().__init__()
        self._life = life

    def append(self, field: tuple[bytes, bytes]) -> None:
        """One more came."""
        name, value = field
        self._life.trailer(len(name) + len(value))
