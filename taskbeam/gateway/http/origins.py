"""Whose page asks: origins, as RFC 6454 has them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from taskbeam.gateway.http.hosts import parse_host

if TYPE_CHECKING:
    from collections.abc import Collection

#: The ports that an origin leaves out (RFC 6454, 4).
_DEFAULT_PORTS = {"http": 80, "https": 443}

#: A request's scheme by ASGI, as its page's (RFC 6455, 3).
_PAGES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}

_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.+)")

#: `Sec-Fetch-Site` (Fetch Metadata, 2.3) where no page of another origin asks. ``none``: the user does.
_OWN_SITE = frozenset({None, "same-origin", "none"})


class Origin(NamedTuple):
    """``port`` is the scheme's own where none is given; None where the scheme has none."""

    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        """As browsers write it (RFC 6454, 6.2)."""
        port = "" if self.port == _DEFAULT_PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"


def parse_origin(text: str) -> Origin | None:
    """Read an `Origin`; None where it is opaque (``null``), or none at all: it is equal to no other."""
    match = _ORIGIN.fullmatch(text)
    return _origin(match[1].lower(), match[2]) if match is not None else None


def allowed_origin(text: str) -> str:
    """Check one entry of a list of allowed origins, and return it as browsers write it.

    Raises `ValueError`: a page that is let in brings its user's credentials, so each site has a name.
    """
    origin = parse_origin(text)
    if origin is None:
        raise ValueError(
            f"{text!r} is no origin. Name each site by scheme, host and port, such as https://shop.example "
            "or http://localhost:5173, without a path and without *"
        )
    return str(origin)


def is_foreign(
    origin: str | None, site: str | None, scheme: str, host: str | None, allowed: Collection[str]
) -> bool:
    """Whether a page of another site asks: one that is neither ours nor allowed.

    Args:
        origin: the request's `Origin`, which no page can forge; None where there is none.
        site: its `Sec-Fetch-Site`, which browsers say where they say no origin; programs say neither.
        scheme: the scheme of the request, as the server knows it, from a proxy that it trusts, too.
        host: its `Host`.
        allowed: the origins whose pages may ask, beside our own, as `allowed_origin` returns them.

    Our own pages have the scheme, host and port of the request. Where TLS ends at a proxy that does not
    say so, their scheme is https, and ours http. A page that came over http is never one of https.
    """
    if origin is None:
        return site not in _OWN_SITE
    page = parse_origin(origin)
    if page is None or host is None:
        return True
    own = _PAGES.get(scheme, scheme)
    schemes = {own, "https"} if own == "http" else {own}
    is_own = page.scheme in schemes and page == _origin(page.scheme, host)
    return not is_own and str(page) not in allowed


def _origin(scheme: str, place: str) -> Origin | None:
    host = parse_host(place)
    if host is None:
        return None
    port = host.port if host.port is not None else _DEFAULT_PORTS.get(scheme)
    return Origin(scheme, host.name, port)
