"""When a gateway process that ended is started again, and when that is given up: rules without I/O."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

#: Seconds until the next start, after so many short lives one after another. The first may be an accident.
PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)

#: Seconds after which a process has lived long enough: what was before is forgotten.
STEADY = 60.0

#: So many starts in vain, and never one that was not, are enough.
ATTEMPTS = 3

#: The exit code of a process whose configuration cannot be used: another start changes nothing.
MISCONFIGURED = 2


@dataclass(frozen=True, slots=True)
class Restart:
    """Start the process again, so many seconds from now."""

    pause: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Stop everything, and say why."""

    reason: str


@dataclass(slots=True)
class Place:
    """One of the processes: when its present one became ready, and how many short lives it had of late."""

    ready_at: float | None = None
    short_lives: int = 0


@dataclass
class Restarts:
    """What is to happen to ``count`` processes. Times are in seconds, on a clock that never goes back.

    The first process is started alone: if it cannot start, neither can the others, and the reason is told
    once.
    """

    count: int
    _places: list[Place] = field(init=False)
    _ever_ready: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._places = [Place() for _ in range(self.count)]

    def ready(self, place: int, now: float) -> range:
        """The process at that place accepts connections; returns the places to be started now."""
        self._places[place].ready_at = now
        others = range(0) if self._ever_ready else range(1, self.count)
        self._ever_ready = True
        return others

    def ended(self, place: int, code: int, now: float) -> Restart | GiveUp:
        """The process at that place ended by itself; ``code`` is its exit code, or minus its signal."""
        here = self._places[place]
        was_ready, here.ready_at = here.ready_at, None
        if was_ready is not None and now - was_ready >= STEADY:
            here.short_lives = 0
        here.short_lives += 1
        if not self._ever_ready and code == MISCONFIGURED:
            return GiveUp("The configuration cannot be used, see above.")
        if not self._ever_ready and here.short_lives == ATTEMPTS:
            return GiveUp(f"No process could start in {ATTEMPTS} attempts, see above.")
        # Who never was ready does so again at once.
        step = here.short_lives - (was_ready is not None)
        return Restart(PAUSES[min(step, len(PAUSES) - 1)])


def described(code: int) -> str:
    """What became of a process, from its exit code or minus its signal."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
