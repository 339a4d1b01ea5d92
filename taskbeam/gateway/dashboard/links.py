"""Where else a task is told of, by templates of addresses: in the logs, and among the traces. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a template may name, and what of a task's row it is made of.
NAMES = ("task_id", "name", "ref", "trace", "worker", "from", "to")

#: Milliseconds around a task that logs are looked through: clocks differ.
AROUND = 60_000

_NAME = re.compile(r"\{([^{}]*)\}")


def checked(template: str) -> str:
    """A template that `filled` takes; raises `ValueError` for what is none."""
    parts = urlsplit(template)
    if parts.scheme not in ("http", "https") or not parts.hostname or _NAME.search(parts.netloc):
        raise ValueError("it has to begin with http:// or https:// and a host")
    unknown = sorted(set(_NAME.findall(template)) - set(NAMES))
    if unknown or set("{}") & set(_NAME.sub("", template)):
        raise ValueError(
            f"unknown placeholder: use {', '.join(NAMES)} in braces, and write any other brace as %7B or %7D"
        )
    return template


def filled(template: str, row: Mapping[str, Any], now: float) -> str | None:
    """The address for a task; None where the template names what is not known of it.

    ``from`` and ``to`` are Unix milliseconds, a minute before it was sent and a minute after its end, or
    after ``now`` (Unix seconds). ``trace`` is the id alone (W3C Trace Context).
    """
    values = {
        "task_id": row.get("id"),
        "name": row.get("name"),
        "ref": row.get("ref"),
        "trace": "".join((row.get("trace") or "").split("-")[1:2]),
        "worker": row.get("worker"),
        "from": int(row["sent"] * 1000) - AROUND,
        "to": int((row.get("ended") or now) * 1000) + AROUND,
    }
    if not all(values[name] for name in _NAME.findall(template)):
        return None
    return _NAME.sub(lambda found: quote(str(values[found[1]]), safe=""), template)
