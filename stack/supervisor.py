"""Keeps watch over running processes, and stops them in the reverse of the order they came in."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from .signals import STOP_SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .process import ManagedProcess
    from .signals import Signals


class StopRequestedError(Exception):
    """Somebody wants everything to stop: Ctrl-C, SIGTERM, or the terminal is gone."""


class Supervisor:
    """`grace`: seconds that each process has to end by itself."""

    def __init__(self, signals: Signals, grace: float) -> None:
        self._signals = signals
        self._grace = grace
        self._processes: list[ManagedProcess] = []

    def watch(self, process: ManagedProcess) -> None:
        self._processes.append(process)

    def kill_and_replace(self, name: str, start: Callable[[], ManagedProcess]) -> None:
        """Kill the watched process of this name with all that it has started, and watch another one."""
        [place] = [place for place, process in enumerate(self._processes) if process.name == name]
        self._processes[place].kill()
        self._processes[place] = start()

    def pause(self, seconds: float | None = None) -> frozenset[int]:
        """Wait for `seconds` (None: for ever) or until a signal comes; the numbers of those that came.

        Raises StopRequestedError when asked to stop, ProcessFailedError when a watched process has ended.
        """
        came = self._signals.wait(seconds)
        if came & STOP_SIGNALS:
            raise StopRequestedError
        for process in self._processes:
            process.check()
        return came

    def stop_all(self) -> None:
        """Stop one after another, the last one first; after a Ctrl-C meanwhile, kill what is left."""
        patient = True
        while self._processes:
            process = self._processes.pop()
            if not patient:
                process.kill()
                continue
            try:
                process.stop(self._grace, self._pause_while_stopping)
            except StopRequestedError:
                patient = False

    def _pause_while_stopping(self, seconds: float) -> None:
        if signal.SIGINT in self._signals.wait(seconds):
            raise StopRequestedError
