"""Tell the feeds of a task by its writer, after each event: that costs no event, and no result."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from taskbeam.journal.feeds.telling import TaskLack, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from taskbeam.cluster.lines import Lines
    from taskbeam.journal.entry import Entry
    from taskbeam.journal.feeds.canvas_news import CanvasNews
    from taskbeam.journal.feeds.telling import Call, Calls, Lack
    from taskbeam.journal.line import Line


class NotToldError(Exception):
    """A feed was not told, because of the ``server`` that answered with an error, or not: ``why``."""

    def __init__(self, server: Hashable, why: Exception) -> None:
        super().__init__(str(why))
        self.server = server
        self.why = why


class Untold(Protocol):
    """Keeps what feeds are still to be told, and tells it later."""

    def waits_for(self, server: Hashable) -> bool:
        """Whether it keeps anything for a server: then nobody else waits for that."""

    def keep(self, again: Callable[[Lack], None], lack: Lack, server: Hashable) -> None:
        """A feed at the server lacks something; ``again`` tells it, or raises `NotToldError`."""

    def failed(self, again: Callable[[Lack], None], lack: Lack, error: NotToldError) -> None:
        """The same, and why."""


class FeedTeller:
    """Of one writer, whose threads each have lines of their own."""

    def __init__(self, untold: Untold, lines: Lines) -> None:
        """``untold`` keeps what could not be told over ``lines``."""
        self._untold = untold
        self._lines = lines

    def tell(self, entry: Entry) -> None:
        """Tell the feeds what an entry owes them that is in its journal."""
        owed, entry.owed = entry.owed, None
        if owed is None:
            return
        for feed in owed.feeds:
            self._tell_or_keep(tell(entry.keys, feed, owed), TaskLack(entry.keys, feed))

    def tell_canvas(self, news: CanvasNews) -> None:
        """Tell groups and trees what is told beside the events of their tasks."""
        self._tell_or_keep(news.calls(), news.late)

    def keep(self, news: CanvasNews) -> None:
        """Tell it later."""
        self._untold.keep(self.again, news.late, self._lines.server(news.key))

    def again(self, lack: Lack) -> None:
        """Tell a feed what it lacks. Raises `NotToldError`."""
        self._carry_out(lack.calls())

    def close(self) -> None:
        """Drop this thread's lines."""
        self._lines.close()

    def _tell_or_keep(self, calls: Calls, lack: Lack) -> None:
        server = self._lines.server(lack.key)
        if self._untold.waits_for(server):
            self._untold.keep(self.again, lack, server)
            return
        try:
            self._carry_out(calls)
        except NotToldError as error:
            self._untold.failed(self.again, lack, error)

    def _carry_out(self, calls: Calls) -> None:
        answer = None
        while True:
            try:
                call = calls.send(answer)
            except StopIteration:
                return
            try:
                with self._lines.calling():
                    answer = self._lines.follow(call.keys[0], partial(_run, call))
            except Exception as error:  # a credential provider may raise anything
                raise NotToldError(self._lines.server(call.keys[0]), error) from error


def _run(call: Call, line: Line, asking: bool) -> Any:
    return line.run(call.script, call.keys, call.args, asking=asking, takes_life=call.takes_life)
