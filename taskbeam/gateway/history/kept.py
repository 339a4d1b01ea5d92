"""What is kept of a task that has ended: its row of the operators' list, and how it was called. No I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.dashboard.rows import Row, kind_of
from taskbeam.gateway.dashboard.wanted import words_of
from taskbeam.gateway.history.text import storable
from taskbeam.journal.encode import to_json
from taskbeam.stock.meta import UnreadableMetaError, all_members

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: Characters of arguments, and of a traceback, that are kept. What is longer is not.
MOST_TEXT = 32 * 1024

#: What is kept of a stored result: how the task was called, and where it ran; beside them, why it failed.
#: Never what it returned.
_CALL = ("args", "kwargs")
_PLACE = ("status", "worker", "queue", "retries")


def columns_of(row: Row, meta: str | None) -> dict[str, Any]:
    """The row as the table has it; ``meta`` is of `kept_meta`."""
    return {
        "id": storable(row["id"]),
        "epoch": row["epoch"],
        "sent": round(row["sent"] * 1000),
        "ts": round(row["ts"] * 1000),
        "kind": str(kind_of(row)),
        "words": storable(words_of(row)),
        "row": to_json(row),
        "meta": meta,
    }


def kept_meta(stored: bytes, hidden: Collection[str]) -> str | None:
    """What is kept of what Celery has stored, as JSON that `all_members` reads; None: nothing.

    ``hidden``: what operators are not shown, see `GatewaySettings.dashboard_hidden`. It is not kept either.
    """
    try:
        # Kombu's forms of dates and the like stay: a task that runs again is called with the same.
        meta = all_members(stored, json.loads) if stored else None
    except UnreadableMetaError:
        return None
    if meta is None:
        return None
    kept = {name: meta[name] for name in _PLACE if name in meta}
    if "arguments" not in hidden and all(name in meta for name in _CALL):
        kept |= _short({name: meta[name] for name in _CALL})
    if "exception" not in hidden and _failed(meta.get("result")):
        kept |= _short({"result": meta["result"]}) | _short({"traceback": meta.get("traceback")})
    return to_json(kept)


def _failed(result: Any) -> bool:
    return isinstance(result, dict) and isinstance(result.get("exc_type"), str)


def _short(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members; none where they are too long, or no JSON."""
    try:
        return dict(members) if len(to_json(members)) <= MOST_TEXT else {}
    except (TypeError, ValueError, RecursionError):
        return {}
