"""A task that replaced itself: its run is over, and another task goes on under its id.

Celery sends the other task before it ends the run, so that one may begin first. Therefore its message says in
a header which run it takes the place of, and whoever is faster tells that the run is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbeam.celery.run import Run

#: The task header: the runs that were replaced, by the ids of their tasks. The last part of a chain, or of a
#: chord, is sent by the parts before it, so each message on the way has it.
HEADER = "taskbeam_replaces"

#: How many tasks were replaced on the way to this one; only `Task.replace` sends a message with one more.
_NESTING = "replaced_task_nesting"


def note_replacement(headers: dict[str, Any], sender: Run | None) -> None:
    """Write the header of a message that ``sender`` sends, or that no run does."""
    if sender is None:
        return
    runs = replaced_runs(sender.request.headers)
    if headers.get(_NESTING, 0) > (sender.request.get(_NESTING) or 0):
        sender.replaced = True
    if sender.replaced:
        runs = {**runs, sender.request.id: sender.id}
    if runs:
        headers[HEADER] = runs


def replaced_runs(headers: object) -> Mapping[str, str]:
    """Read the header, of whatever a message has: the ids of runs by those of their tasks."""
    runs = headers.get(HEADER) if isinstance(headers, dict) else None
    return runs if isinstance(runs, dict) else {}


def replaced_run(headers: object, task_id: str) -> str:
    """The run of this task that was replaced on the way to it; '' if none was."""
    run = replaced_runs(headers).get(task_id, "")
    return run if isinstance(run, str) else ""
