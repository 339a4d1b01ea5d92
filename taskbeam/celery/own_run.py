"""The run that the code which reports is part of."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from celery import current_task

from taskbeam.background.logger import logger_for
from taskbeam.background.threads import OURS
from taskbeam.celery.run import any_run_goes_on, current_run

if TYPE_CHECKING:
    from taskbeam.celery.run import Run

logger = logger_for(__name__)

_noted: set[str] = set()


def own_run() -> Run | None:
    """The run; None outside a task, where there is nothing to report.

    A thread of a task is told apart by its context alone: of one that has none, the log speaks once.
    """
    run = current_run()
    if run is None and any_run_goes_on() and not _noted:
        thread = threading.current_thread()
        named = thread is threading.main_thread() or thread.name.startswith(OURS)
        if not named and not current_task:  # else it runs a task that nobody follows
            _noted.add(thread.name)
            logger.warning(
                "Thread %s reports, and does not know the task that it works for, so nobody hears of it. "
                "Start what works for a task with contextvars.copy_context().run. This is said once",
                thread.name,
            )
    return run
