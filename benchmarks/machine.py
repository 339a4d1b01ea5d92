"""What the benchmarks ask of the operating system: CPU time, memory, CPUs apart, many sockets."""

from __future__ import annotations

import os
import platform
import resource
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import psutil

#: `CPUCLOCK_SCHED` of `include/linux/posix-timers.h`: run time as the scheduler counts it, in nanoseconds.
_SCHEDULER_CLOCK = 2


def cpu_seconds(pid: int) -> float:
    """CPU time, user and system, of a process with all its threads, and of all its children.

    The ended ones are included. On Linux what lives is counted in nanoseconds, elsewhere in steps
    of 10 ms, as children that ended are everywhere.
    """
    process = psutil.Process(pid)
    ended = process.cpu_times()
    family = [pid, *(child.pid for child in process.children(recursive=True))]
    return sum(map(_own_cpu_seconds, family)) + ended.children_user + ended.children_system


def _own_cpu_seconds(pid: int) -> float:
    if platform.system() != "Linux":
        times = psutil.Process(pid).cpu_times()
        return times.user + times.system
    # What clock_getcpuclockid(3) gives for a process.
    return time.clock_gettime(~pid << 3 | _SCHEDULER_CLOCK)


def memory(pid: int) -> int:
    """Bytes of a process and of all its children: PSS, which divides what they share by how many share it.

    Where the system does not tell PSS (it is Linux that does), the resident set of each.
    """
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(_own_memory(process) for process in family)


def _own_memory(process: psutil.Process) -> int:
    rollup = Path(f"/proc/{process.pid}/smaps_rollup")
    if not rollup.exists():
        return int(process.memory_info().rss)
    [kilobytes] = [line.split()[1] for line in rollup.read_text().splitlines() if line.startswith("Pss:")]
    return int(kilobytes) * 1024


@cache
def _usable_cpus() -> list[int]:
    # Asked once: `pin` takes some away from ourselves.
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


class Cpus(NamedTuple):
    """Where the measured process runs, and where all that only serves the measurement does."""

    measured: frozenset[int]
    rest: frozenset[int]

    @classmethod
    def divide(cls) -> Cpus:
        """One CPU for the measured process and another for the rest; both on all where there is but one.

        Without an affinity call (macOS, Windows) both are empty, and `pin` changes nothing.
        """
        usable = _usable_cpus()
        if len(usable) < 2:
            return cls(frozenset(usable), frozenset(usable))
        return cls(frozenset(usable[:1]), frozenset(usable[1:2]))


def pin(pid: int, cpus: frozenset[int]) -> None:
    """Keep a process and its children, with all their threads, on these CPUs."""
    if cpus:
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            for thread in process.threads():
                os.sched_setaffinity(thread.id, cpus)


def give_way() -> None:
    """Run only when nobody else wants the CPU, as if on a machine of our own."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(19)


def allow_many_sockets() -> None:
    """Raise our own limit of open files, which the processes that we start inherit, as far as we may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def description() -> dict[str, str | int | None]:
    """The machine, for whoever reads the figures later."""
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
    }
