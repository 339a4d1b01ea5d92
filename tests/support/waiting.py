"""Wait for a condition with a deadline; never sleep and hope."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds until a condition that should hold counts as broken; generous, for the machine is shared.
DEADLINE = 120.0

#: Seconds that a process may take until it is ready; it has to load all that it is made of.
START_TIMEOUT = 180.0

#: Seconds between two questions, at first and in the end: asking often costs those who are to act.
POLL, LONGEST_POLL = 0.01, 0.1


def wait_until(
    condition: Callable[[], bool],
    what: Callable[[], str] = lambda: "a condition",
    deadline: float = DEADLINE,
) -> None:
    """Return when the condition holds; fails with what was waited for."""
    end, pause = time.monotonic() + deadline, POLL
    while not condition():
        assert time.monotonic() < end, f"waited {deadline:g} s for {what()}"
        time.sleep(pause)
        pause = min(1.5 * pause, LONGEST_POLL)
