"""Read journals on a cluster, and elsewhere what is not beside them.

That is where the open tasks of a feed stand, and whether a task runs that has no journal.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from taskbeam.cluster.registered_run import ask_for_run
from taskbeam.cluster.standing import Standing
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.history import Absence, History
from taskbeam.journal.reader import DEFAULT_MAX_BYTES, JournalReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.events import Start, Unnumbered
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import JournalNames, TaskKeys


class ClusterJournalReader(JournalReader):
    """As on one server, but for the moment: what is elsewhere is read later, so it is as new or newer."""

    def __init__(self, exchange: Exchange, names: JournalNames, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        """``names``: of the feeds' tasks."""
        super().__init__(exchange, max_bytes)
        self._names = names

    def ask(
        self,
        keys: TaskKeys,
        after: Start,
        limit: int,
        then: Callable[[History | Absence | Exception], None],
        *,
        text: bool = False,
        standing: tuple[str, str] | None = None,
    ) -> None:
        if standing is not None:
            then = partial(self._found, keys, standing[0], then)
        elif isinstance(keys, ClusterKeys):
            then = partial(self._judged, keys, then)
        super().ask(keys, after, limit, then, text=text)

    def _found(
        self,
        keys: TaskKeys,
        feed: str,
        then: Callable[[History | Absence | Exception], None],
        answer: History | Absence | Exception,
    ) -> None:
        """Nobody goes live before the end of what is to be replayed."""
        if isinstance(answer, History) and answer.complete:
            Standing(self._connection, self._names, feed, partial(_with_standing, then, answer)).ask(keys)
        else:
            then(answer)

    def _judged(
        self,
        keys: TaskKeys,
        then: Callable[[History | Absence | Exception], None],
        answer: History | Absence | Exception,
    ) -> None:
        """A task that runs is not unknown, though Redis has lost its journal."""
        if answer is Absence.UNKNOWN:
            ask_for_run(self._connection, keys.result, partial(_absent, then))
        else:
            then(answer)


def _absent(then: Callable[[History | Absence | Exception], None], runs: bool | Exception) -> None:
    if isinstance(runs, Exception):
        then(runs)
    else:
        then(Absence.MISSING if runs else Absence.UNKNOWN)


def _with_standing(
    then: Callable[[History | Absence | Exception], None],
    history: History,
    standing: tuple[Unnumbered, ...] | Exception,
) -> None:
    then(standing if isinstance(standing, Exception) else replace(history, standing=standing))
