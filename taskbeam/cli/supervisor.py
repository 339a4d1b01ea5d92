"""Keeps several gateway processes running on one address, and stops them together.

uvicorn has such a parent, too (`uvicorn.supervisors.Multiprocess`). It starts uvicorn's own `Server` only,
wakes each process twice a second, goes on starting what dies at once, does not say how it died, and hears
no second signal.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from taskbeam.cli.restarts import GiveUp, Restarts, described
from taskbeam.cli.supervised import READY

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from taskbeam.cli.listening import Address

logger = logging.getLogger(__name__)

#: What `Supervisor.run` returns: all ended as they should; none could start; some had to be killed.
STOPPED, NOT_STARTED, KILLED = 0, 3, 1

#: Seconds beyond its own deadline after which a process that does not stop is killed.
GRACE = 5.0


class Supervisor:
    """Made and run once."""

    def __init__(
        self,
        command: Sequence[str],
        count: int,
        address: Address,
        shutdown_timeout: float,
        variables: Callable[[int], Mapping[str, str]] = lambda _: {},
    ) -> None:
        """Keep ``count`` processes.

        ``command`` starts one; it gets the options ``--listener-fd`` and ``--supervisor-fd``.
        ``shutdown_timeout``: seconds in which it parts from its clients. ``variables``: those that the
        process at a place, from 0 on, has in its environment beside our own.
        """
        self._command = command
        self._address = address
        self._variables = variables
        self._shutdown_timeout = shutdown_timeout
        self._restarts = Restarts(count)
        self._running: dict[int, Process] = {}
        self._keepers: set[asyncio.Task[None]] = set()
        self._exit_code = STOPPED
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        """Return when all processes are gone: an exit code for this one."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled, number)
        logger.info("Serving on %s with %d processes.", self._address, self._restarts.count)
        self._keep([0])
        await self._stopping.wait()
        overdue = loop.call_later(self._shutdown_timeout + GRACE, self._kill, "did not stop in time")
        while self._keepers:
            await asyncio.wait(self._keepers)
        overdue.cancel()
        return self._exit_code

    def _signalled(self, number: signal.Signals) -> None:
        if self._stopping.is_set():
            self._kill(f"was still stopping when a second signal ({number.name}) came")
        else:
            logger.info("%s: stopping %d processes.", number.name, len(self._running))
            self._stop()

    def _stop(self) -> None:
        self._stopping.set()
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.terminate()

    def _kill(self, why: str) -> None:
        for place, process in self._running.items():
            with suppress(ProcessLookupError):
                process.kill()
                logger.error("%s %s and is killed.", self._name(place, process), why)
                self._exit_code = KILLED

    def _keep(self, places: Iterable[int]) -> None:
        for place in places:
            keeper = asyncio.create_task(self._keep_one(place))
            self._keepers.add(keeper)
            keeper.add_done_callback(self._keeper_ended)

    def _keeper_ended(self, keeper: asyncio.Task[None]) -> None:
        self._keepers.discard(keeper)
        if not keeper.cancelled() and keeper.exception() is not None:
            logger.error("Cannot keep a process running.", exc_info=keeper.exception())
            self._exit_code = NOT_STARTED
            self._stop()

    async def _keep_one(self, place: int) -> None:
        while not self._stopping.is_set():
            process, link = await self._start(place)
            try:
                await self._watch_start(place, link)
                code = await process.wait()
            finally:
                link.close()
                del self._running[place]
            if not self._stopping.is_set():
                await self._after(place, process, code)

    async def _start(self, place: int) -> tuple[Process, socket.socket]:
        link, its_end = socket.socketpair()
        link.setblocking(False)
        with its_end, self._address.listener() as listener:
            passed = listener.fileno(), its_end.fileno()
            process = await asyncio.create_subprocess_exec(
                *self._command,
                "--listener-fd",
                str(passed[0]),
                "--supervisor-fd",
                str(passed[1]),
                pass_fds=passed,
                stdin=asyncio.subprocess.DEVNULL,
                env={**os.environ, **self._variables(place)},
            )
        self._running[place] = process
        if self._stopping.is_set():  # the signal came while it was being started
            process.terminate()
        return process, link

    async def _watch_start(self, place: int, link: socket.socket) -> None:
        """Return when the process is ready, or has ended without."""
        try:
            told = await asyncio.get_running_loop().sock_recv(link, len(READY))
        except OSError:
            told = b""
        if told and not self._stopping.is_set():
            self._keep(self._restarts.ready(place, time.monotonic()))

    async def _after(self, place: int, process: Process, code: int) -> None:
        what = f"{self._name(place, process)} {described(code)}."
        decision = self._restarts.ended(place, code, time.monotonic())
        if isinstance(decision, GiveUp):
            logger.error("%s %s Stopping.", what, decision.reason)
            self._exit_code = code if code > 0 else NOT_STARTED
            self._stop()
            return
        when = f"in {decision.pause:g} s" if decision.pause else "now"
        logger.warning("%s Another one is started %s.", what, when)
        with suppress(TimeoutError):
            async with asyncio.timeout(decision.pause):
                await self._stopping.wait()

    def _name(self, place: int, process: Process) -> str:
        return f"Process {process.pid} ({place + 1} of {self._restarts.count})"
