"""The text that a task writes, put together from its events (docs/contract.md, "Text"). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.contract.events import GapEvent, OutputEvent

if TYPE_CHECKING:
    from taskbeam.contract.events import Event

#: One code unit has two bytes. A half of a surrogate pair is taken as it is.
_UTF_16, _UNIT = "utf-16-le", 2


class Text:
    """The text of one task's newest attempt, and what the last event added to it."""

    def __init__(self) -> None:
        self._attempt = 0
        self._end = 0
        self._parts: list[str] = []

    def __str__(self) -> str:
        return "".join(self._parts)

    def take(self, event: Event | GapEvent) -> str:
        """Take any event of the task; returns the text that is new.

        Where another attempt begins, or the journal another life, the text is empty again.
        """
        if isinstance(event, GapEvent):
            if event.gap.reason == "epoch":
                self._empty(0)
            return ""
        if not isinstance(event, OutputEvent) or event.attempt < self._attempt:
            return ""
        if event.attempt > self._attempt:
            self._empty(event.attempt)
        offset, units = event.output.offset, event.output.text.encode(_UTF_16, "surrogatepass")
        known = max(0, self._end - offset) * _UNIT
        new = units[known:].decode(_UTF_16, "surrogatepass")
        if new:
            self._parts.append(new)
        self._end = max(self._end, offset + len(units) // _UNIT)
        return new

    def _empty(self, attempt: int) -> None:
        self._attempt, self._end, self._parts = attempt, 0, []
