"""Which hosts a gateway answers to. Pure.

DNS rebinding makes a foreign site's name mean an address of the reader's own machine or network. To the
browser the site's pages are then of the gateway's own origin; only the `Host` still tells whose name it is.
An address in `Host` cannot be rebound, for there is no name in it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Every host.
ANY = "*"

#: What a gateway that asks nobody for a token answers to, beside addresses: RFC 6761, 6.3.
LOCAL = ("localhost", "*.localhost")

#: A `Host` (RFC 9110, 7.2): a name, an IPv4 address, or an IPv6 address in brackets; and maybe a port.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")


class Host(NamedTuple):
    """``name`` is in lower case, an IPv6 address in brackets; ``port`` is None where none is given."""

    name: str
    port: int | None


def parse_host(text: str) -> Host | None:
    """Read a `Host`; None where it is none."""
    match = _HOST.fullmatch(text)
    if match is None:
        return None
    # "example.org." is the same name as "example.org" (RFC 1034, 3.1).
    name = match[1].lower().removesuffix(".")
    return Host(name, int(match[2]) if match[2] else None) if name else None


def host_pattern(text: str) -> str:
    """Check one entry of a list of allowed hosts, and return it.

    An entry is ``*``, a host, or ``*.`` before a name for every name below it. With a port, it is good for
    that port alone. Raises `ValueError`.
    """
    if text != ANY and parse_host(text.removeprefix("*.")) is None:
        raise ValueError(
            f"{text!r} is no host. Give a name (live.example.org), an address (192.0.2.1, [::1]), "
            "*.example.org for every name below it, or * for all"
        )
    return text


class AllowedHosts:
    """The hosts that a gateway answers to: those of ``patterns``; see `host_pattern`.

    ``addresses``: whether it also answers to every IP address.
    """

    def __init__(self, patterns: Iterable[str], *, addresses: bool = False) -> None:
        given = tuple(patterns)
        self.any = ANY in given
        self._addresses = addresses
        hosts = [(text.startswith("*."), parse_host(text.removeprefix("*."))) for text in given]
        self._exact = {host for below, host in hosts if host is not None and not below}
        self._parents = [host for below, host in hosts if host is not None and below]
        # A client's next request has the host of its last one.
        self._allow = lru_cache(maxsize=256)(self._find)

    def allow(self, host: str | None, server: str | None = None) -> bool:
        """Whether a request is to be answered.

        Args:
            host: the request's `Host`; None where it has none, or more than one.
            server: where the request came in, by ASGI. It is an address, but for clients in this process,
                such as test clients, which give any name; DNS had no part in that.
        """
        return self.any or (host is not None and self._allow(host, server))

    def listens_on(self, host: str) -> None:
        """Where the server listens is the gateway's own name, too, unless somebody chose its names."""
        named = parse_host(host)
        if self._addresses and named is not None:
            self._exact.add(named)
            self._allow.cache_clear()

    def _find(self, text: str, server: str | None) -> bool:
        host = parse_host(text)
        if host is None:
            return False
        return (
            host in self._exact
            or Host(host.name, None) in self._exact
            or any(
                host.name.endswith("." + parent.name) and parent.port in (None, host.port)
                for parent in self._parents
            )
            or (self._addresses and (_is_address(host.name) or host.name == server))
        )


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def allowed_hosts(chosen: Iterable[str] | None, *, open_to_all: bool) -> AllowedHosts:
    """What a gateway answers to: what was chosen, or else what fits who is let in.

    A gateway that is ``open_to_all`` must not answer to names that anybody can have mean its address. Any
    other asks for a token, or for what the application's own login gave, which a rebound name does not have.
    """
    if chosen is not None:
        return AllowedHosts(chosen)
    return AllowedHosts(LOCAL, addresses=True) if open_to_all else AllowedHosts([ANY])


def refusal_detail(host: str | None) -> str:
    """What whoever runs the gateway is to do about a host that it does not answer to."""
    named = parse_host(host) if host is not None else None
    if named is None:
        return "The request has to name one host."
    return f"If {named.name} is a name of this gateway, list it in TASKBEAM_ALLOWED_HOSTS."
