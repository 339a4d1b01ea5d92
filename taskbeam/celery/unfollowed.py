"""A task that nobody follows and that begins inside another one: it is eager, or its results are elsewhere.

What it reports is not the other one's, nor is it asked to stop in its place: Celery lets no `Cancelled` out
of an eager task.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from taskbeam.celery.labels import sent_for
from taskbeam.celery.run import current_run, end_run, leave_run

_ATTRIBUTE = "taskbeam_unfollowed"


def begin_unfollowed(request: Any) -> None:
    """Until `end_unfollowed` no run is the current one; what is sent meanwhile is sent for the outer task."""
    outer = current_run()
    if outer is None:
        return
    around = ExitStack()
    around.enter_context(sent_for(outer.request))
    around.callback(end_run, leave_run())
    setattr(request, _ATTRIBUTE, around)


def end_unfollowed(request: Any) -> None:
    """The outer run, if there is one, is the current one again."""
    around = request.__dict__.pop(_ATTRIBUTE, None)
    if around is not None:
        around.close()
