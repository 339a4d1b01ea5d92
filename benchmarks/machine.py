"""What the benchmarks ask of the operating system: CPU time of a process, CPUs apart, many sockets."""

from __future__ import annotations

import os
import platform
import resource
from typing import NamedTuple

import psutil


def cpu_seconds(pid: int) -> float:
    """CPU time, user and system, of a process and of all its children, the ended ones included."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        times = child.cpu_times()
        total += times.user + times.system
    return total


class Cpus(NamedTuple):
    """Where the measured process runs, and where all that only serves the measurement does."""

    measured: frozenset[int]
    rest: frozenset[int]

    @classmethod
    def divide(cls) -> Cpus:
        """One CPU for the measured process and another for the rest; both on all where there is but one.

        Without an affinity call (macOS, Windows) both are empty, and `pin` changes nothing.
        """
        usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        if len(usable) < 2:
            return cls(frozenset(usable), frozenset(usable))
        return cls(frozenset(usable[:1]), frozenset(usable[1:2]))


def pin(pid: int, cpus: frozenset[int]) -> None:
    """Keep a process, with all its threads, on these CPUs."""
    if cpus:
        for thread in psutil.Process(pid).threads():
            os.sched_setaffinity(thread.id, cpus)


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
    }
