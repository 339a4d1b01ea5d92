"""Where a request goes, read from a URL once. Pure."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from taskbeam.outgoing.addresses import may_be_reached

if TYPE_CHECKING:
    from collections.abc import Collection

    from taskbeam.outgoing.addresses import Network

#: Characters of a URL: more than any push service's endpoint has.
LONGEST = 2048

DEFAULT_PORT = {"https": 443, "http": 80}

#: A name (RFC 1123 §2.1). Its last label is not a number: then resolvers take it for an address, each in its
#: own way (WHATWG URL §3.5, "ends in a number").
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)*(?!\d+$|0x[0-9a-f]*$){_LABEL}")


class BadEndpointError(ValueError):
    """The text is no URL that we send to; it says why."""


class Endpoint(NamedTuple):
    """A URL's parts. By these it is checked and requested: no second reading differs from the first."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """As browsers write it (RFC 6454 §6.1): without the port that the scheme has anyway."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == DEFAULT_PORT[self.scheme] else f":{self.port}")

    @property
    def url(self) -> str:
        """The whole of it."""
        return self.origin + self.target

    @classmethod
    def parse(cls, url: str, *, plain_http: bool = False, allowed: Collection[Network] = ()) -> Endpoint:
        """Read a URL.

        Args:
            url: an absolute URL with the scheme https, without a user and without a fragment.
            plain_http: take http, too.
            allowed: networks of ours that requests may go to.

        Raises `BadEndpointError`, also where the host is an address that is not public. A name is looked at
        when it is resolved.
        """
        schemes = ("https", "http") if plain_http else ("https",)
        if len(url) > LONGEST:
            raise BadEndpointError(f"The URL has more than {LONGEST} characters.")
        if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
            raise BadEndpointError("The URL has a character that is to be escaped.")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BadEndpointError(f"This is no URL: {error}.") from None
        if parts.scheme not in schemes or not parts.hostname:
            raise BadEndpointError(f"The URL is to begin with {' or '.join(f'{one}://' for one in schemes)}.")
        if "@" in parts.netloc or parts.fragment:
            raise BadEndpointError("The URL is to have no user, no password and no fragment.")
        if port == 0:
            raise BadEndpointError("The URL has the port 0.")
        _check_host(parts.hostname, allowed)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, parts.hostname, port or DEFAULT_PORT[parts.scheme], target)


class RefusedHostError(BadEndpointError):
    """The host has an address that is not public."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} has an address that is not public.")


def _check_host(host: str, allowed: Collection[Network]) -> None:
    try:
        address = ip_address(host)
    except ValueError:
        if not _NAME.fullmatch(host):
            raise BadEndpointError(f"{host!r} is no name of a host.") from None
    else:
        if not may_be_reached(address, allowed):
            raise RefusedHostError(host)
