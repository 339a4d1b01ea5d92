"""Tell the feeds of a task by its writer, after each event: that costs no event, and no result."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from taskbeam.journal.feeds.telling import catch_up, tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.entry import Entry
    from taskbeam.journal.feeds.telling import Call, Calls
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.line import Line

    #: Makes a call at the master of a key's slot, wherever it is by now.
    Follow = Callable[[str, Callable[[Line, bool], Any]], Any]


class Untold(Protocol):
    """Keeps what feeds are still to be told, and tells it later."""

    @property
    def waits(self) -> bool:
        """Whether it keeps anything: then nobody waits for the servers of feeds."""

    def keep(self, again: Callable[[TaskKeys, str], None], keys: TaskKeys, feed: str) -> None:
        """The feed lacks something of the task; ``again`` tells it."""

    def failed(
        self, again: Callable[[TaskKeys, str], None], keys: TaskKeys, feed: str, error: Exception
    ) -> None:
        """The same, and why."""


class FeedTeller:
    """Of one writer, whose threads each have lines of their own."""

    def __init__(
        self,
        untold: Untold,
        follow: Follow,
        drop_lines: Callable[[], None],
        again: Callable[[TaskKeys, str], None],
    ) -> None:
        """Nothing is told yet.

        Args:
            untold: keeps what could not be told.
            follow: makes a call at the master of a key's slot.
            drop_lines: called when a call has failed, of which an answer may still come.
            again: calls `catch_up` on another thread.
        """
        self._untold = untold
        self._follow = follow
        self._drop_lines = drop_lines
        self._again = again

    def tell(self, entry: Entry) -> bool:
        """Tell the feeds what an entry owes them that is in its journal; returns whether the task has any."""
        owed, entry.owed = entry.owed, None
        if owed is None:
            return False
        for feed in owed.feeds:
            if self._untold.waits:
                self._untold.keep(self._again, entry.keys, feed)
                continue
            try:
                self._carry_out(tell(entry.keys, feed, owed))
            except Exception as error:  # a credential provider may raise anything
                self._drop_lines()
                self._untold.failed(self._again, entry.keys, feed, error)
        return True

    def catch_up(self, keys: TaskKeys, feed: str) -> None:
        """Tell a feed what it lacks of a task. Raises redis-py's errors."""
        self._carry_out(catch_up(keys, feed))

    def _carry_out(self, calls: Calls) -> None:
        answer = None
        while True:
            try:
                call = calls.send(answer)
            except StopIteration:
                return
            answer = self._follow(call.keys[0], partial(_run, call))


def _run(call: Call, line: Line, asking: bool) -> Any:
    return line.run(call.script, call.keys, call.args, asking=asking)
