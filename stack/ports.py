"""TCP ports of this machine: find a free one, ask whether one is taken."""

from __future__ import annotations

import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"

#: `TCP_LISTEN` of `include/net/tcp_states.h`.
_LISTEN = "0A"


def free_port() -> int:
    """A loopback port that nobody held a moment ago; whoever binds it may still come too late."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def listeners(port: int) -> int:
    """How many sockets listen on an IPv4 port of this machine (Linux tells, in proc_pid_net(5))."""
    rows = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == _LISTEN for row in rows)


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
