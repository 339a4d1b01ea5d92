"""What begins with a token that soon expires, though a process may stand still until it has."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Begun = TypeVar("Begun")

#: Seconds until the token expires, tried in turn: the first is enough where nothing stands still, and the
#: clients of tests wait for longer than the last.
LIVES = (3.0, 12.0, 45.0)


def before_it_expires(begin: Callable[[float], Begun]) -> Begun:
    """Begin something live with a token that expires soon; returns what ``begin`` does.

    ``begin`` is given the token's `exp`, in Unix seconds, and does all that has to happen before. Where it
    fails, and that time is over, it is tried again with a token that lives longer.
    """
    *hasty, patient = LIVES
    for life in hasty:
        expires = time.time() + life
        try:
            return begin(expires)
        except (AssertionError, OSError, EOFError):
            if time.time() < expires:
                raise
    return begin(time.time() + patient)
