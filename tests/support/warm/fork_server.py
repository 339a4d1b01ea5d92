"""The fork server: ``python -m tests.support.warm.fork_server ADDRESS MODULE...`` imports, then forks.

It has one thread, for a fork copies no other. An order comes on a connection of its own, with the files that
become the program's output and its errors; the answers on it are the process number and, in the end, the exit
code.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import runpy
import selectors
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from .environment import differing, reads_noted

#: Bytes of an order; the environment is nearly all of it.
LONGEST = 2**20


class Order(TypedDict):
    """What to run: ``python -m MODULE ARGUMENTS`` in a process group that exists."""

    module: str
    arguments: list[str]
    environment: dict[str, str]
    group: int


class Answer(TypedDict, total=False):
    """`cold`: the variable for whose sake it has to be started afresh."""

    cold: str
    pid: int
    returncode: int


class ForkServer:
    """Forks, and tells who asked how each process ended."""

    def __init__(self, address: str, read: set[str]) -> None:
        """``read``: the variables that the imports have asked for."""
        self._read = read
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.bind("\0" + address)
        self._server.listen()
        self._running: dict[
            int, tuple[int, socket.socket]
        ] = {}  # by descriptor: process, and who asked for it
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._server, selectors.EVENT_READ)

    def serve(self) -> Order:
        """Returns in each process that was forked, with what it is to run."""
        while True:
            for key, _ in self._selector.select():
                if key.fd in self._running:
                    self._tell_the_end(key.fd)
                elif (order := self._take_order()) is not None:
                    return order

    def _take_order(self) -> Order | None:
        """Fork, if an order says so; None in the server itself."""
        client, _ = self._server.accept()
        message, files, _, _ = socket.recv_fds(client, LONGEST, 2)
        if not files:  # who connected has ended
            client.close()
            return None
        order: Order = json.loads(message)
        name = differing(self._read, os.environ, order["environment"])
        if name is not None:
            _answer(client, {"cold": name})
            client.close()
        elif (pid := os.fork()) == 0:
            client.close()
            self._close()
            become(order, *files)
            return order
        else:
            with suppress(OSError):  # the group has ended, which the new process finds out, too
                os.setpgid(pid, order["group"])  # before anybody may end it
            _answer(client, {"pid": pid})
            descriptor = os.pidfd_open(pid)
            self._running[descriptor] = pid, client
            self._selector.register(descriptor, selectors.EVENT_READ)
        for file in files:
            os.close(file)
        return None

    def _tell_the_end(self, descriptor: int) -> None:
        pid, client = self._running.pop(descriptor)
        self._selector.unregister(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        _answer(client, {"returncode": os.waitstatus_to_exitcode(status)})
        client.close()

    def _close(self) -> None:
        """What Python knows of; an object that is closed later might close a file of the program's."""
        self._selector.close()
        self._server.close()
        for _, client in self._running.values():
            client.close()


def become(order: Order, output: int, errors: int) -> None:
    """Have what a new process would have, and nothing of the server's."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for wanted, given in enumerate((nothing, output, errors)):
        os.dup2(given, wanted)
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    os.setpgid(0, order["group"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = ["-m", *order["arguments"]]
    sys.orig_argv = [sys.executable, "-m", order["module"], *order["arguments"]]


def _answer(client: socket.socket, answer: Answer) -> None:
    with suppress(OSError):  # who asked is gone
        client.send(json.dumps(answer).encode())


def main(address: str, *modules: str) -> None:
    read: set[str] = set()
    with reads_noted(read):
        for module in modules:
            importlib.import_module(module)
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads > 1:
        raise RuntimeError(f"Importing {modules} started {threads - 1} threads, which no fork would have")
    server = ForkServer(address, read)
    print("ready", flush=True)
    runpy.run_module(server.serve()["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
