"""The optional steps of the append script that failed: counted, and said in the log."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.background.milestones import is_milestone

if TYPE_CHECKING:
    from collections.abc import Iterable

logger = logger_for(__name__)


class FailedSteps:
    """Counts each step with the kind of its error. Logs it the first time, the tenth, the hundredth …"""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()

    def note(self, task_id: str, failed: Iterable[str]) -> None:
        """``failed``: of one entry of the task, each as ``what it does: why``; nearly always empty."""
        for each in failed:
            step, _, why = each.partition(": ")
            kind = (step, why.partition(" ")[0])
            self.counts[kind] += 1
            if is_milestone(self.counts[kind]):
                logger.warning(
                    "Task %s: Redis refused to %s: %s. The event is stored all the same. Number of times: %d",
                    task_id,
                    step,
                    why,
                    self.counts[kind],
                    extra=about(task_id=task_id),
                )


#: Of this process.
failed_steps = FailedSteps()
