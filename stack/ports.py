"""TCP ports of this machine: have a free one to oneself, ask whether one is taken."""

from __future__ import annotations

import socket
import sys
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = "127.0.0.1"

#: `TCP_LISTEN` of `include/net/tcp_states.h`.
_LISTEN = "0A"


@contextmanager
def kept_port() -> Iterator[int]:
    """A port of IPv4 that is ours until the block ends, whether a server of ours listens on it or not.

    A socket that is bound, at all addresses, and never listens keeps it: a server of ours may take them all,
    and somebody's connection from another loopback address would be in its way. The system gives the port to
    nobody else, neither to a server that takes any nor to a client; whoever connects while no server listens
    is refused; and a server that is told the port binds it, as often as it starts. For that servers set
    SO_REUSEADDR, as nearly all do (Linux: socket(7); elsewhere this socket would be in their way, so there it
    keeps nothing).
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("", 0))
        port: int = keeper.getsockname()[1]
        if sys.platform != "linux":
            keeper.close()
        yield port


def listeners(port: int) -> int:
    """How many sockets listen on an IPv4 port of this machine (Linux tells, in proc_pid_net(5))."""
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == _LISTEN for row in rows)


def addresses_of(host: str) -> list[str]:
    """The addresses that a name has, or an address stands for; none where nobody knows it."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({str(address[0]).partition("%")[0] for *_, address in found})


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches a server that listens there."""
    found = addresses_of(host) if host else []
    return bool(found) and all(ip_address(each).is_loopback for each in found)


def why_not_bindable(host: str, port: int) -> str | None:
    """Why a server could not listen on `host`:`port` now, in the system's words; None if it could."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            # As servers do: a port whose old connections still linger counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return None
