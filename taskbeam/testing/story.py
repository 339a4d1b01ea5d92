"""A task's events in the words of `docs/fates.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def word(event: Mapping[str, Any]) -> str:
    """One event: its state, the code of its error, and the attempt from the second on (``RETRY quota #2``).

    Args:
        event: the body, as clients get it.
    """
    words = [event["state"]]
    if "error" in event:
        words.append(event["error"]["code"])
    words += [mark for mark in ("cancel", "requeued", "replaced") if mark in event]
    words += [event["waiting"]] if "waiting" in event else []
    if event["attempt"] > 1:
        words.append(f"#{event['attempt']}")
    return " ".join(words)
