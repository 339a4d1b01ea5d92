"""Text that a task writes for people to read while it comes: `write`, and a file for `print` and others.

A job never waits for Redis here. What it writes is held, and a thread of the process sends it.
"""

from __future__ import annotations

import io
import threading
import time
from typing import TYPE_CHECKING

from taskbeam.background.forks import free_in_children
from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.celery.flusher import Flusher
from taskbeam.celery.own_run import own_run
from taskbeam.celery.run import current_run
from taskbeam.celery.soft_limit import reporting
from taskbeam.celery.written_text import WrittenText

if TYPE_CHECKING:
    from taskbeam.celery.run import Run

logger = logger_for(__name__)


def write(text: str) -> None:
    """Append to the text that the running task writes: a token of a model, a line of a log, a row of a table.

    Cheap enough for every token: what is written within a short time is sent together, and in order. It
    never waits for Redis. An attempt's text has at most ``output_bytes`` (`taskbeam_options`); of what is
    behind that only the length is sent. Each attempt begins with an empty text.

    It raises `TypeError` for what is no string, and nothing else. A logging handler may call it, and any
    thread with the task's context.
    """
    if not isinstance(text, str):
        raise TypeError(f"a task writes str, not {type(text).__name__}")
    run = current_run() or own_run()
    if run is not None and text and (run.text or _begin(run)).add(text):
        with reporting:
            _ask(run)


class OutputFile(io.TextIOBase):
    """A file whose text is what `write` appends: for ``print(..., file=output)``, ``csv.writer(output)``, and
    ``contextlib.redirect_stdout(output)``, which redirects all of the process.

    It is never closed, and cannot be read. `flush` does not wait: what is written is on its way by itself.
    """

    encoding = "utf-8"
    errors = "replace"

    def write(self, text: str) -> int:
        """As `taskbeam.write`; returns how many characters were written."""
        write(text)
        return len(text)

    def writable(self) -> bool:
        """It is."""
        return True

    def close(self) -> None:
        """Nothing ends with it: other parts of the task, and the tasks after it, have the same file."""


#: The file of whichever task runs.
output = OutputFile()


def flush_output(run: Run, *, last: bool = False) -> None:
    """Send what the run holds; ``last``: the attempt ends, and so does its text."""
    text = run.text
    if text is None:
        return
    with reporting:
        try:
            with run.lock:
                for piece in text.take(last=last):
                    run.backend.append_text(run, piece)
        except Exception:
            _complain(run)


def _begin(run: Run) -> WrittenText:
    with reporting, _beginning:
        if run.text is None:
            run.text = WrittenText(run.backend.options.output_bytes, time.monotonic)
        return run.text


#: Two threads of a task may write its first word at once.
_beginning = free_in_children(threading.RLock())


def _ask(run: Run) -> None:
    try:
        _flusher.later(run, run.text.wait() if run.text is not None else 0.0)
    except RuntimeError:  # a process that ends starts no thread; the end of the task sends the text
        _complain(run)


def _complain(run: Run) -> None:
    """Log the exception that is handled, once per run."""
    if run.complained:
        return
    run.complained = True
    logger.exception(
        "Task %s: cannot send what it writes; the task goes on.",
        run.request.id,
        extra=about(task_id=run.request.id),
    )


#: Of its own: text does not wait behind the progress of other tasks.
_flusher = Flusher(flush_output, "taskbeam-output")
