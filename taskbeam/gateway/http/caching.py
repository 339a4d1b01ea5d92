"""Who may keep an answer (RFC 9111, 5.2.2). Pure.

Where nothing is said, any cache may keep a 204, 404, 405 or 410, too (RFC 9110, 15.1): each answer says it.
"""

from __future__ import annotations

from enum import StrEnum


class Keep(StrEnum):
    """Who may keep a good answer; each value is a ``Cache-Control``."""

    #: It cannot be asked for again by a tag, or it holds a secret.
    NOBODY = "no-store"
    #: The client itself: it asks each time whether its copy, and its permission, still holds.
    READER = "private, no-cache"
    #: Anybody, who asks each time whether the copy still holds.
    ANYBODY = "no-cache"
    #: Anybody: what is at this address never changes.
    FOREVER = "public, max-age=31536000, immutable"


#: What can be kept: an answer, a part of it, and "it is still the same".
_KEPT = frozenset({200, 206, 304})

#: What the answers to several readers of one address differ by.
_IDENTITY = "Authorization, Cookie"


def cache_headers(status: int, keep: Keep, *vary: str) -> dict[str, str]:
    """``Cache-Control``, and ``Vary`` where there is something to say.

    Args:
        status: the answer's. Whatever is no good answer, nobody keeps.
        keep: who keeps a good one. What only its reader may keep differs by who asks.
        vary: names of further headers by which the route's answers differ.
    """
    kept = keep if status in _KEPT else Keep.NOBODY
    named = [*vary, _IDENTITY] if kept is Keep.READER else list(vary)
    return {"Cache-Control": kept.value} | ({"Vary": ", ".join(named)} if named else {})
