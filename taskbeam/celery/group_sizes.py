"""How large a group is. Celery says it in no message: it is heard where Celery itself learns it.

A chord's size is set in the backend before the last message of its header. For any group Celery makes a
`GroupResult` with a barrier once all is sent, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery.result import ResultSet

from taskbeam.background.logger import logger_for
from taskbeam.celery.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from celery import Celery

logger = logger_for(__name__)


def hear_of_groups(app: Celery) -> None:
    """Hear of each group that this application has sent; a second call changes nothing."""
    kind: Any = app.GroupResult
    if not getattr(kind, "taskbeam_hears", False):
        hearing = type(kind.__name__, (_hearing(kind),), {"__module__": kind.__module__})
        app.GroupResult = hearing  # type: ignore[misc]  # a cached property of kombu's


def _hearing(kind: Any) -> Any:
    class GroupResult(kind):  # type: ignore[misc]
        """As Celery's, and tells the backend when it is made of a group that was sent."""

        taskbeam_hears = True

        def __init__(self, id: Any = None, results: Any = None, parent: Any = None, **kwargs: Any) -> None:  # noqa: A002
            super().__init__(id, results, parent, **kwargs)
            if kwargs.get("ready_barrier") is not None:
                _tell(self)

    return GroupResult


def _tell(result: Any) -> None:
    try:
        backend = result.app.backend
        if isinstance(backend, Journal):
            backend.seal_group(result.id, list(_members(result.results)))
    except Exception:
        logger.exception("Group %s is sent, but its size cannot be noted; its feed will not end.", result.id)


def _members(results: Iterable[Any]) -> Iterator[str]:
    """The ids of the tasks that the results of a group are of: that of a chain may itself be a group's."""
    for each in results:
        if isinstance(each, ResultSet):
            yield from _members(each.results or ())
        else:
            yield each.id
