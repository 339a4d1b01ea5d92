"""A port that several gateway processes listen on."""

from __future__ import annotations

import socket

#: Connections that wait to be accepted, as uvicorn has it.
BACKLOG = 2048


def shared_listener(host: str, port: int) -> socket.socket:
    """A socket that listens beside those of other processes.

    The system hands each new connection to one of them (SO_REUSEPORT, socket(7)); all must say that they
    share, and belong to one user. Raises `OSError`; `ValueError` where the system has no such option.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG, reuse_port=True)
