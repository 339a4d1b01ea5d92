"""Which part of all keys is looked through next, so that nothing stays unseen. No I/O.

SCAN returns each key that is there from a round's beginning to its end. So what was told while nobody heard
it is found by a round that begins when somebody hears again.
"""

from __future__ import annotations


class Rounds:
    """Rounds through all keys, for as long as any is owed."""

    def __init__(self) -> None:
        self._cursor: int | None = None
        self._another = False

    @property
    def cursor(self) -> int | None:
        """Where SCAN goes on; None: nothing is owed."""
        return self._cursor

    def owe(self) -> None:
        """From now on all is heard; what is there already may be unknown.

        A round that has begun goes on, and another one follows it: gaps that come often end in no standstill.
        """
        if self._cursor is None:
            self._cursor = 0
        elif self._cursor:
            self._another = True

    def looked(self, cursor: int) -> None:
        """SCAN has returned a part, and this cursor."""
        self._cursor = cursor or None
        if self._cursor is None and self._another:
            self._cursor, self._another = 0, False
