"""What a recorded task writes is sent when the task tells something else, or ends: not by the clock."""

from __future__ import annotations

from taskbeam.celery.written_text import WrittenText


class HeldText(WrittenText):
    """Never asks to be sent."""

    __slots__ = ()

    def add(self, text: str) -> bool:
        """Hold the text."""
        super().add(text)
        return False
