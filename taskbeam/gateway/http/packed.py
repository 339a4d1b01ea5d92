"""Files that lie beside themselves in a smaller form, made when they were built (RFC 9110, 8.4 and 12.5.3).

Nothing is compressed while somebody waits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from taskbeam.gateway.http.negotiation import weight

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

#: Codings, best first, and the suffix of a file in each.
SUFFIXES = {"br": ".br", "gzip": ".gz"}

#: What answers differ by where there are packed files.
VARY = "Accept-Encoding"


@lru_cache(64)  # browsers have few
def accepted(accept_encoding: str) -> Sequence[str]:
    """Which of `SUFFIXES` the sender of an ``Accept-Encoding`` takes, best first. None without one."""
    weights: dict[str, float] = {}
    for part in accept_encoding.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights[name] = weight(parameters)
    others = weights.get("*", 0.0)
    return tuple(coding for coding in SUFFIXES if weights.get(coding, others) > 0)


def packed(
    path: str, accept_encoding: str, find: Callable[[str], tuple[str, os.stat_result | None]]
) -> tuple[str, str, os.stat_result] | None:
    """The best packed form of a file that its reader takes: its path, coding and stat; None for none.

    ``find`` says where a file is, and whether it is served at all: a packed one is no better than another.
    """
    for coding in accepted(accept_encoding):
        found, status = find(path + SUFFIXES[coding])
        if status is not None:
            return found, coding, status
    return None
