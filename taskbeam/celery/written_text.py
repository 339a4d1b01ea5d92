"""The text that a run writes, from each `write()` to the few pieces that are sent. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskbeam.journal.bounds import size_of
from taskbeam.journal.encode import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Bytes of an attempt's text, as it stands in JSON. Whoever joins gets all of it in one message, and some
#: clients take none that is larger than a MiB.
DEFAULT_OUTPUT_BYTES = 1_000_000

#: Characters of one piece: as JSON it is smaller than what an event may have, whatever they are.
PIECE = 32 * 1024

#: Seconds between two pieces, at first and at the most. A pause that never widened would fill a log of a
#: thousand events in 40 seconds.
FIRST_PAUSE, LAST_PAUSE = 0.04, 1.0

#: Pieces after which the pause is twice the first one.
WIDENS = 128

#: Seconds for which what one call of `print` writes in several parts is waited for.
GATHER = 0.005

#: Seconds between two counts of what there is no more room for.
COUNTED = 10.0


@dataclass(frozen=True, slots=True)
class Piece:
    """``text`` as it stands in a JSON string.

    ``units``: UTF-16 code units of it; ``written``: of all that was written up to its end, sent or not.
    """

    text: str
    units: int
    written: int


class WrittenText:
    """Takes text by `add` from any thread, and hands it out by `take` to one at a time.

    Appending to a list, and cutting off its beginning, are one step each for other threads. So `add`, which
    is called a million times, needs no lock.
    """

    __slots__ = (
        "_asked",
        "_beyond",
        "_clock",
        "_half",
        "_held",
        "_length",
        "_next",
        "_room",
        "_taken",
        "_written",
    )

    def __init__(self, most_bytes: int, clock: Callable[[], float]) -> None:
        """``most_bytes`` of the attempt's text are sent; ``clock`` tells seconds."""
        # Bytes; less than 0 once something did not fit, so that the text is a beginning without holes.
        self._room = most_bytes
        self._clock = clock
        self._held: list[str] = []
        self._length = 0
        # Units of texts that nobody has room for.
        self._beyond: list[int] = []
        # The first half of a surrogate pair, whose other half may come with the next text.
        self._half = ""
        self._asked = False
        self._next = float("-inf")
        self._taken = 0
        self._written = 0

    def add(self, text: str) -> bool:
        """Hold the text; returns whether `take` is to be called, after `wait` seconds."""
        if self._length > self._room:
            # There are more characters already than there is room for bytes.
            self._beyond.append(units_of(text))
        else:
            self._held.append(text)
            self._length += len(text)
        if self._asked:
            return False
        self._asked = True
        return True

    def wait(self) -> float:
        """Seconds until what is held may be sent."""
        return max(self._next - self._clock(), GATHER)

    def take(self, *, last: bool = False) -> list[Piece]:
        """What is to be sent now, in order; ``last``: nothing comes after it that could complete it."""
        self._asked = False
        pieces = list(self._pieces(last=last))
        if pieces:
            self._taken += len(pieces)
            pause = min(FIRST_PAUSE * (1 + self._taken / WIDENS), LAST_PAUSE)
            self._next = self._clock() + (pause if self._room > 0 else COUNTED)
        return pieces

    def _pieces(self, *, last: bool) -> Iterator[Piece]:
        count, more = len(self._held), len(self._beyond)
        text = self._half + "".join(self._held[:count])
        beyond = sum(self._beyond[:more])
        del self._held[:count], self._beyond[:more]
        self._length, self._half = 0, ""
        if not last and "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        text = whole(text)
        start = 0
        while start < len(text) and self._room >= 0:
            part = self._fitting(text[start : start + PIECE])
            start += len(part)
            if part:
                units = units_of(part)
                self._written += units
                yield Piece(in_json(part), units, self._written)
        beyond += units_of(text[start:])
        if beyond:
            self._room = -1
            self._written += beyond
            yield Piece("", 0, self._written)

    def _fitting(self, text: str) -> str:
        """As much of the text as there is room for; where that is not all of it, there is none any more."""
        if (size := size_of(in_json(text))) <= self._room:
            self._room -= size
            return text
        room, self._room = self._room, -1
        return _beginning(text, room)


def units_of(text: str) -> int:
    """UTF-16 code units of a text: what JavaScript calls its length."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def in_json(text: str) -> str:
    """The text as it stands in a JSON string."""
    return to_json(text)[1:-1]


def whole(text: str) -> str:
    """The text with halves of surrogate pairs put together, and U+FFFD for each that is alone."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _beginning(text: str, most_bytes: int) -> str:
    """As many characters as have so many bytes in JSON."""
    fitting, too_many = 0, len(text)
    while too_many - fitting > 1:
        middle = (fitting + too_many) // 2
        if size_of(in_json(text[:middle])) <= most_bytes:
            fitting = middle
        else:
            too_many = middle
    return text[:fitting]
