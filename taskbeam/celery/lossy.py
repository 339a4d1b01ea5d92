"""Append what may be lost: one attempt, then a pause, and never an error in the task that reports."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskbeam.journal.entry import Appended, Entry

logger = logging.getLogger(__name__)


class LossyWriter:
    """Offers entries to ``append`` while it works.

    After a failure nothing is tried for ``pause`` seconds, so that a task which reports in a loop
    is not slowed by a Redis that is away. What was lost meanwhile is counted and told once.
    """

    def __init__(
        self,
        append: Callable[[Entry], Appended | None],
        errors: tuple[type[BaseException], ...],
        pause: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._append = append
        self._errors = errors
        self._pause = pause
        self._clock = clock
        self._closed_until = float("-inf")
        self.lost = 0

    def offer(self, entry: Entry) -> Appended | None:
        """Append the entry, or lose it; returns what ``append`` does, None when it is lost."""
        if self._clock() < self._closed_until:
            self.lost += 1
            return None
        try:
            appended = self._append(entry)
        except self._errors as error:
            if not self.lost:
                logger.warning("The journal cannot be written, progress is lost for now: %s", error)
            self.lost += 1
            self._closed_until = self._clock() + self._pause
            return None
        if self.lost:
            logger.warning("The journal can be written again; %d events were lost.", self.lost)
            self.lost = 0
        return appended
