"""The sockets of several processes on one address.

Where the system can, each process has a socket of its own (SO_REUSEPORT, socket(7)), and the system deals
the connections out among them. On one shared socket they go to whoever is quicker: of 800 slow
connections, one of four processes got 367 and another one. Elsewhere, and on a unix socket, they share one.
"""

from __future__ import annotations

import socket
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

#: Only here the system deals connections out evenly (on macOS the newest socket has them all).
DEALS_OUT = sys.platform == "linux"


class Address:
    """An address that is taken until it is closed; nobody is let in before a process listens."""

    def __init__(self, bound: socket.socket, another: Callable[[], socket.socket] | None) -> None:
        """``bound`` keeps the address. ``another`` makes further sockets for it; without, all share it."""
        self._bound = bound
        self._another = another

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        name = self._bound.getsockname()
        self._bound.close()
        if isinstance(name, str):
            Path(name).unlink(missing_ok=True)

    def __str__(self) -> str:
        name = self._bound.getsockname()
        if isinstance(name, str):
            return f"unix:{name}"
        host, port = name[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def listener(self) -> socket.socket:
        """A bound socket for one process, to be closed by the caller."""
        return self._another() if self._another is not None else self._bound.dup()


def tcp_address(host: str, port: int) -> Address:
    """Take a port of this machine; port 0 takes a free one. Raises `OSError`."""
    bound = _bind_tcp(host, port)
    taken: int = bound.getsockname()[1]
    return Address(bound, (lambda: _bind_tcp(host, taken)) if DEALS_OUT else None)


def unix_address(path: str) -> Address:
    """Take a unix socket, which everybody may connect to; one that was left behind is replaced.

    Raises `OSError`.
    """
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _was_left_behind(path):
            Path(path).unlink()
        bound.bind(path)
        Path(path).chmod(0o666)
    except OSError:
        bound.close()
        raise
    return Address(bound, None)


def inherited_listener(descriptor: int) -> socket.socket:
    """The listening socket that whoever started this process left open. Raises `OSError`."""
    return socket.socket(fileno=descriptor)


def _bind_tcp(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if DEALS_OUT:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _was_left_behind(path: str) -> bool:
    """Whether there is a socket that nobody listens on."""
    with suppress(FileNotFoundError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        if stat.S_ISSOCK(Path(path).stat().st_mode):
            try:
                client.connect(path)
            except ConnectionRefusedError:
                return True
    return False
