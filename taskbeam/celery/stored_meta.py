"""What Celery stores of a task that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def stored_meta(
    state: str, result: Any, traceback: str | None, request: Any, children: Sequence[Any]
) -> dict[str, Any]:
    """As `celery.backends.base.Backend._get_result_meta` makes it, without a date, and not extended.

    Celery looks the setting `result_extended` up by its parts each time. That is a tenth of what an update
    costs a worker.
    """
    meta = {
        "status": state,
        "result": result,
        "traceback": traceback,
        "children": children,
        "date_done": None,
    }
    if request and getattr(request, "group", None):
        meta["group_id"] = request.group
    if request and getattr(request, "parent_id", None):
        meta["parent_id"] = request.parent_id
    return meta
