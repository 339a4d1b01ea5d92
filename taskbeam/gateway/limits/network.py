"""Who counts as one client: an address, or the network that one household or one server has to itself."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

#: Bits of an IPv6 address that name the network: one link has all the addresses of a /64 (RFC 4291, 2.5.4).
IPV6_PREFIX = 64


@lru_cache(maxsize=4096)
def network_of(host: str | None) -> str | None:
    """What connections from ``host`` are counted under.

    An IPv4 address counts for itself, also where it is written as an IPv6 one (``::ffff:192.0.2.1``); of
    an IPv6 address its /64 counts. Anything else (a name, a unix socket's path) counts for itself; None is
    nobody.
    """
    if host is None:
        return None
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    network = int(address) >> (128 - IPV6_PREFIX) << (128 - IPV6_PREFIX)
    return f"{IPv6Address(network)}/{IPV6_PREFIX}"
