"""A network namespace of the benchmark's own (network_namespaces(7)), with every address of a network.

Only there may a benchmark add addresses: the machine's own interfaces are not touched.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from ipaddress import IPv6Network

#: All its addresses are this machine's, inside.
NETWORK = IPv6Network("fd00:7a5b::/48")

#: `IPV6_FREEBIND` of `include/uapi/linux/in6.h`: bind an address that no interface has.
_FREEBIND = 78

#: Set inside.
_MARK = "TASKBEAM_BENCH_NAMESPACE"

_ENTER = ("unshare", "--net", "--map-root-user", "--")
_PREPARE = f'ip link set lo up && ip -6 route add local {NETWORK} dev lo && exec "$@"'


def is_inside() -> bool:
    """Whether this process is in such a namespace."""
    return _MARK in os.environ


def enter(module: str) -> None:
    """Run ``python -m module`` again in a namespace, with the same arguments.

    Returns where that is not possible, and inside.
    """
    inside = (*_ENTER, "sh", "-c", _PREPARE, "sh")
    if is_inside() or not shutil.which("unshare") or not shutil.which("ip"):
        return
    if subprocess.run((*inside, "true"), capture_output=True, check=False).returncode == 0:
        os.environ[_MARK] = "1"
        os.execvp(inside[0], (*inside, sys.executable, "-m", module, *sys.argv[1:]))


def client_socket(address: str) -> socket.socket:
    """A socket that connects from an address: of the loopback network, or of `NETWORK`. Raises `OSError`."""
    is_ipv6 = ":" in address
    client = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET)
    client.setblocking(False)
    try:
        if is_ipv6:
            client.setsockopt(socket.IPPROTO_IPV6, _FREEBIND, 1)
        client.bind((address, 0))
    except OSError:
        client.close()
        raise
    return client
