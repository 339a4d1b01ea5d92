"""Which addresses are public. Pure.

Who names the address of a request that we send could make us ask our own network for them ("server-side
request forgery"). `ipaddress.is_global` is no answer: what it says differs between Python's patch releases.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

#: IANA's special-purpose registry of IPv4 (RFC 6890), without those of its networks that are reached
#: globally, and what is no unicast address.
SPECIAL_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)

#: All that has been given to somebody as unicast addresses (RFC 4291 §2.4). The rest of IPv6 is special.
GLOBAL_UNICAST = IPv6Network("2000::/3")

#: Within that: Teredo and other assignments of the IETF, documentation, 6to4, documentation again.
SPECIAL_IPV6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))

#: They stand for the IPv4 address in their last four bytes (RFC 4291 §2.5.5.2, RFC 6052 §2.1).
EMBEDDED_IPV4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))


def is_public(address: Address) -> bool:
    """Whether anybody on the internet has this address."""
    address = plain(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in SPECIAL_IPV4)
    return address in GLOBAL_UNICAST and not any(address in network for network in SPECIAL_IPV6)


def plain(address: Address) -> Address:
    """The address that one of another notation stands for: of IPv4 as IPv6 has it, IPv4's own."""
    if isinstance(address, IPv6Address) and any(address in network for network in EMBEDDED_IPV4):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def may_be_reached(address: Address, allowed: Collection[Network]) -> bool:
    """Whether a request may go there: ``allowed`` are networks of ours that the operator has opened."""
    return is_public(address) or any(plain(address) in network for network in allowed)
