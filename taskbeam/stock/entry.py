"""What the script that appends is handed of what was heard; see hear/heard.lua."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.journal.encode import to_json
from taskbeam.journal.limits import DEFAULT_KEEP, DEFAULT_LIMIT, DEFAULT_LIMIT_BYTES, OPEN_EXPIRES
from taskbeam.stock.marks import mark_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from taskbeam.journal.keys import TaskKeys
    from taskbeam.journal.limits import Limits
    from taskbeam.stock.outputs import Append
    from taskbeam.stock.told import Told


def heard_args(keys: TaskKeys, told: Told, append: Append, limits: Limits, life: str) -> tuple[str, ...]:
    """The script's ARGV for what Celery has stored."""
    place = {
        "epoch": append.after.epoch,
        "after": append.after.seq,
        "mark": mark_of(append.stored),
        "unsure": append.unsure,
        "missed": append.missed,
        "labels": {},
    }
    return _args(keys, told, limits, life, place)


def sent_args(
    keys: TaskKeys, told: Told, labels: Mapping[str, str], limits: Limits, life: str
) -> tuple[str, ...]:
    """The same for a task that the gateway sends, with what its head is to have."""
    place = {"epoch": "", "after": 0, "mark": "", "unsure": True, "missed": False, "labels": dict(labels)}
    return _args(keys, told, limits, life, place)


def _args(keys: TaskKeys, told: Told, limits: Limits, life: str, place: dict[str, Any]) -> tuple[str, ...]:
    entry = {
        **place,
        "state": told.state,
        "final": told.final,
        "name": told.name,
        "channel": keys.channel,
        "limit": limits.limit or DEFAULT_LIMIT,
        "limit_bytes": limits.limit_bytes or DEFAULT_LIMIT_BYTES,
        "keep": DEFAULT_KEEP if limits.keep is None else limits.keep,
        "expires": OPEN_EXPIRES,
    }
    if life:
        entry["life"] = life
    return to_json(entry), told.front, told.back
