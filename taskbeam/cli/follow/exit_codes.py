"""How a command that followed tasks exits, so that a script knows how they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: By final state.
_STATES = {"SUCCESS": 0, "IGNORED": 0, "FAILURE": 1, "REVOKED": 3, "REJECTED": 4, "LOST": 5}

#: Nobody began it in time.
EXPIRED = 6

#: The gateway does not let it be followed, or does not know it.
REFUSED = 7

#: The user pressed Ctrl-C, as a shell says it.
INTERRUPTED = 130

HELP = (
    "Exit code: 0 success, 1 failure, 2 wrong usage, 3 revoked, 4 rejected, 5 lost, 6 expired, "
    "7 unknown or refused; of several tasks, the highest."
)


def exit_code(state: str, code: str | None) -> int:
    """For a task's final state, and the code of its error."""
    return EXPIRED if code == "expired" else _STATES.get(state, 1)


def worst(codes: Iterable[int]) -> int:
    """For several tasks."""
    return max(codes, default=0)
