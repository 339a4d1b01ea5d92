"""Failures by what failed how: many are one cause. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbeam.gateway.dashboard.rows import Row

#: Groups that are told of, those with the most failures first.
MOST_GROUPS = 50


def grouped(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Groups of failed rows (the newest first) by task name, error code and type of exception.

    Each has ``name``, ``count``, when the newest was sent (``last``), its id (``task_id``) and message, and
    ``code`` and ``exception``, its type, where there are any.
    """
    groups: dict[tuple[str, str | None, str | None], dict[str, Any]] = {}
    for row in rows:
        kind = row["exception"].partition(":")[0] if row.get("exception") else None
        key = row["name"], row.get("code"), kind
        if key in groups:
            groups[key]["count"] += 1
            continue
        said = row.get("exception") or row.get("message")
        told = {"code": row.get("code"), "exception": kind, "message": said}
        groups[key] = {
            "name": row["name"],
            "count": 1,
            "last": row["sent"],
            "task_id": row["id"],
            **{member: value for member, value in told.items() if value is not None},
        }
    return sorted(groups.values(), key=lambda group: -group["count"])[:MOST_GROUPS]
