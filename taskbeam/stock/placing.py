"""How one gateway hears a task, beside others that do: where in the journal what it hears belongs. No I/O.

A **look** says, at one moment, what Celery has stored, where the journal ends, and how many other gateways
hear the task. It is asked over the subscribed connection, so it has a place among what is published.

| Celery has stored | the journal | others | then |
|---|---|---|---|
| nothing | any | any | go on at the journal's end (one that had ended is gone: expired) |
| anything | has a run of Taskbeam's | any | hear nothing: the worker tells |
| what was heard last | any | any | go on at the journal's end |
| something else | none | none | append it |
| something else | is there | none | append it, behind a gap: what came before it was not heard |
| something else | any | some | they may be about to append it: look again until it is there, or all rests |

What is published is kept meanwhile. Once the journal's end is found among it, the rest belongs behind that
end: whoever joins needs no moment at which the others rest, and has what they leave undone when they end.

From then on each message is appended behind the one before. Others append the same: whoever comes later finds
it there. Where the journal went on otherwise, its place is sought anew.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

from taskbeam.stock.answers import Position, Verdict
from taskbeam.stock.marks import mark_of, told_of
from taskbeam.stock.outputs import Append, LookAt, Settled

if TYPE_CHECKING:
    from taskbeam.stock.answers import Look
    from taskbeam.stock.outputs import Output

#: Messages that wait for their turn; with more, what Celery has stored is looked at instead.
MAX_WAITING: Final = 1024

#: Seconds from one look to the next while others hear the task, and how many may find the journal as it was.
LOOK_AGAIN: Final = 0.05
STILL_NEW: Final = 2
STILL_BEHIND: Final = 20


class _Kept(NamedTuple):
    stored: bytes
    mark: str

    @classmethod
    def of(cls, stored: bytes) -> _Kept:
        return cls(stored, mark_of(stored))


class _State(Enum):
    #: A look is due, or under way; what is heard is kept.
    SEEKING = auto()
    #: It was placed, and its next message belongs behind `_at`.
    PLACED = auto()
    #: A worker of ours tells of the task.
    DEAF = auto()


class Placing:
    """Where one task's messages belong, as this gateway hears them."""

    def __init__(self) -> None:
        self.settled = False
        self._state = _State.SEEKING
        self._at = Position()
        self._sure = False
        self._mark = ""
        self._waiting: deque[bytes | Look] = deque()
        #: What was heard while its place is sought, without a hole; with its marks.
        self._kept: list[_Kept] = []
        self._appending: Append | None = None
        self._still: tuple[Position, int] = (Position(), 0)

    # Inputs.

    def subscribed(self) -> list[Output]:
        """The subscription stands, for the first time or again; what was published before may be missed."""
        return [LookAt()]

    def opened(self) -> list[Output]:
        """Somebody begins to read the journal, which may have been left alone until now."""
        if not self.settled or self._state is _State.SEEKING:
            return []  # a look is due anyway
        self.settled = False
        return [LookAt()]

    def lost(self) -> None:
        """The connection is lost: what is published now does not come here."""
        self.settled = False
        self._kept.clear()

    def heard(self, stored: bytes) -> list[Output]:
        """Celery has published what it stores."""
        if self._state is _State.SEEKING:
            self._keep(stored)
        if self._state is not _State.PLACED:
            return []
        self._waiting.append(stored)
        return self._seek() if len(self._waiting) > MAX_WAITING else self._next()

    def looked(self, look: Look) -> list[Output]:
        """A look has answered."""
        if self._state is _State.PLACED:
            self._waiting.append(look)
            return self._next()
        return self._decide(look)

    def appended(self, appending: Append, verdict: Verdict, at: Position) -> list[Output]:
        """The script has answered; an answer that nobody waits for any more changes nothing."""
        if appending is not self._appending:
            return []
        self._appending = None
        if verdict is Verdict.OURS:
            return self._fall_silent()
        if verdict is Verdict.ELSEWHERE:
            self._waiting.appendleft(appending.stored)
            return self._seek()
        self._at, self._mark, self._state = at, mark_of(appending.stored), _State.PLACED
        self._sure = True
        return self._settle() + self._next()

    def untellable(self, appending: Append) -> list[Output]:
        """What was to be appended cannot be told; the next may be."""
        self._appending = None
        self._mark, self._state = mark_of(appending.stored), _State.PLACED
        return self._settle() + self._next()

    # What follows.

    def _next(self) -> list[Output]:
        outputs: list[Output] = []
        while self._waiting and self._appending is None and self._state is _State.PLACED:
            item = self._waiting.popleft()
            if isinstance(item, bytes):
                outputs.append(self._append(Append(item, self._at, unsure=not self._sure)))
            elif not item.value or mark_of(item.value) == self._mark:
                outputs += self._settle()  # nothing was missed
            elif item.end != self._at:
                outputs += self._seek()
            else:
                self._waiting.appendleft(item.value)
                self._keep_what_waits()
                outputs += self._decide(item)
        return outputs

    def _decide(self, look: Look) -> list[Output]:
        if look.ours:
            return self._fall_silent()
        if not look.value:
            return self._go_on(look, [])
        if not self._kept or self._kept[-1].stored != look.value:
            self._kept = [_Kept.of(look.value)]
        fitting = told_of(look.marks, [kept.mark for kept in self._kept])
        if len(fitting) == 1:
            return self._go_on(look, self._kept[fitting[0] :])
        if look.others and not self._stands_still(look.end):
            self._state = _State.SEEKING
            # What they append is there to be read, and comes as it is published.
            return [*(self._settle() if look.end.epoch else ()), LookAt(LOOK_AGAIN)]
        return self._go_on(look, self._kept[max(fitting, default=0) :], missed=bool(look.marks))

    def _go_on(self, look: Look, rest: list[_Kept], *, missed: bool = False) -> list[Output]:
        """Behind the journal's end, with the rest of what was heard."""
        self._state, self._at, self._sure = _State.PLACED, look.end, False
        self._mark = look.marks[-1] if look.marks else ""
        self._kept, self._waiting = [], deque(kept.stored for kept in rest[1:])
        if not rest:
            return self._settle()
        return [self._append(Append(rest[0].stored, look.end, unsure=True, missed=missed))]

    def _keep_what_waits(self) -> None:
        self._kept.clear()
        for each in self._waiting:
            if isinstance(each, bytes):
                self._keep(each)
        self._waiting.clear()

    def _keep(self, stored: bytes) -> None:
        if len(self._kept) >= MAX_WAITING:
            self._kept.clear()  # the next look shows what Celery has stored by then
        self._kept.append(_Kept.of(stored))

    def _stands_still(self, end: Position) -> bool:
        """Whether those who hear the task do not append, either."""
        before, looks = self._still
        looks = looks + 1 if end == before else 1
        self._still = end, looks
        return looks > (STILL_BEHIND if end.epoch else STILL_NEW)

    def _append(self, append: Append) -> Append:
        self._appending = append
        return append

    def _seek(self) -> list[Output]:
        self._state, self._appending, self.settled = _State.SEEKING, None, False
        self._keep_what_waits()
        return [LookAt()]

    def _fall_silent(self) -> list[Output]:
        self._state = _State.DEAF
        self._waiting.clear()
        return self._settle()

    def _settle(self) -> list[Output]:
        if self.settled:
            return []
        self.settled = True
        return [Settled()]
