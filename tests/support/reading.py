"""A client's text of a task, by the rules of docs/contract.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Bytes of a code unit.
_UNIT = 2


class ReadText:
    """The text so far, as UTF-16, in which offsets are places."""

    def __init__(self, events: Iterable[dict[str, Any]] = ()) -> None:
        self._begin(0)
        self.holes = 0
        for event in events:
            self.heard(event)

    def heard(self, event: dict[str, Any]) -> None:
        """Take an event of any type."""
        if event["type"] == "gap" and event["gap"]["reason"] == "epoch":
            self._begin(0)
        elif event["type"] == "output" and event["attempt"] >= self.attempt:
            if event["attempt"] > self.attempt:
                self._begin(event["attempt"])
            self._take(whole="id" not in event, **event["output"])

    def _begin(self, attempt: int) -> None:
        self.attempt = attempt
        self._units = b""
        self.start = self._end = self.omitted = 0

    def _take(self, offset: int, text: str, omitted: int = 0, *, whole: bool) -> None:
        units = text.encode("utf-16-le")
        end = offset + len(units) // _UNIT
        if end > self._end:
            if whole or not self._end:
                self._units, self.start = units, offset
                self.holes += bool(offset)
            else:
                self._units += units[_UNIT * max(self._end - offset, 0) :]
                self.holes += offset > self._end
            self._end = end
        self.omitted = max(self.omitted, omitted)

    @property
    def text(self) -> str:
        """All of it."""
        return self._units.decode("utf-16-le")
