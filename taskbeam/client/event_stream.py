"""Server-Sent Events, read without I/O: section 9.2.6 of the HTML standard."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Characters that an event may have, with the comments before it.
LONGEST = 64 * 1024 * 1024

#: Every way in which a line may end. A CR at the end of what is there may be half of a CR LF.
_END = re.compile(r"\r\n|\n|\r(?!\Z)")


class EventTooLongError(ValueError):
    """An event of the stream has no end."""


class Message(NamedTuple):
    """What the stream dispatched: the name of the event, ``message`` where it has none, and its data."""

    name: str
    data: str


class EventStream:
    """One response; bytes go in, messages come out."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        #: Of a line whose end has not come.
        self._rest: list[str] = []
        self._name = ""
        self._data: list[str] = []
        self._length = 0

    def receive(self, chunk: bytes) -> Iterator[Message]:
        """Read on; raises `EventTooLongError`."""
        self._rest.append(self._decode(chunk))
        self._length += len(self._rest[-1])
        if self._length > LONGEST:
            raise EventTooLongError
        if "\n" not in self._rest[-1] and "\r" not in "".join(self._rest[-2:]):
            return
        *lines, rest = _END.split("".join(self._rest))
        self._rest = [rest]
        for line in lines:
            if line:
                self._field(*_parts(line))
            else:
                if self._data:
                    yield Message(self._name or "message", "\n".join(self._data))
                self._name, self._data, self._length = "", [], len(rest)

    def _field(self, name: str, value: str) -> None:
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._name = value


def _parts(line: str) -> tuple[str, str]:
    """A field and its value; a comment is a field without a name."""
    name, _, value = line.partition(":")
    return name, value.removeprefix(" ")
