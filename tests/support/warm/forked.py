"""A process that a fork server made for us: to who holds it, what `subprocess.Popen` would be."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import signal

    from .fork_server import Answer, Order

#: Bytes of an answer.
LONGEST = 4096


class Forked:
    """It runs; what it writes is read from ``stdout``, as text, by whoever has set that."""

    def __init__(self, pid: int, server: socket.socket) -> None:
        self.pid = pid
        self.stdout: IO[str] | None = None
        self.returncode: int | None = None
        self._server = server
        self._listening = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""
        if self._listening.acquire(blocking=False):  # otherwise another thread will know as soon as we
            try:
                self._listen(0)
            finally:
                self._listening.release()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, when it ends within ``timeout`` seconds. Raises subprocess.TimeoutExpired."""
        with self._listening:
            self._listen(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Nothing happens if it has ended, of which its server may not have told yet."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _listen(self, timeout: float | None) -> None:
        if self.returncode is not None:
            return
        self._server.settimeout(timeout)
        try:
            said = self._server.recv(LONGEST)
        except (BlockingIOError, TimeoutError):
            return
        self._server.close()
        answer: Answer = json.loads(said)  # nothing: the server has ended, which is a fault of its own
        self.returncode = answer["returncode"]


def fork(address: str, order: Order, output: int, errors: int) -> Forked | str:
    """Have the server at ``address`` run it; or the name of the variable because of which it must not.

    ``output`` and ``errors`` are the files that it writes to. Raises OSError if there is no server.
    """
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        server.connect("\0" + address)
        socket.send_fds(server, [json.dumps(order).encode()], [output, errors])
        answer: Answer = json.loads(server.recv(LONGEST))
    except BaseException:
        server.close()
        raise
    if "cold" in answer:
        server.close()
        return answer["cold"]
    return Forked(answer["pid"], server)
