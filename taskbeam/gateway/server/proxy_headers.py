"""What a trusted proxy says of a request: which client it speaks for, and which prefix it took away.

Nobody is trusted who is not named, not even on the same machine: a tunnel, or any other user there, could say
anything. Whether an address is among those named, uvicorn decides, by its middleware's `trusted_hosts`.
"""

from __future__ import annotations

import logging
import os
import re
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from taskbeam.gateway.server.seldom import Seldom

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

logger = logging.getLogger(__name__)

#: uvicorn's own variable: addresses and networks of proxies, separated by commas; ``*`` = everybody's.
VARIABLE = "FORWARDED_ALLOW_IPS"

#: What only proxies say.
_SAID_BY_PROXIES = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-prefix"})

#: A path of plain segments, as a proxy's configuration has it.
_PREFIX = re.compile(rb"(?:/[A-Za-z0-9._~-]+)+")


#: Seconds between two lines about proxies that are not trusted.
_STRANGE_PROXIES = Seldom(3600.0)


def trusted_proxies() -> str:
    """The proxies that the environment names, for uvicorn's `forwarded_allow_ips`; "" for none.

    uvicorn's own default is whoever is on this machine.
    """
    return os.environ.get(VARIABLE, "")


async def _nothing(*_: Any) -> None:
    """The application behind the middleware: what matters is done by the time it is called."""


@cache
def _middleware(trusted: str | tuple[str, ...]) -> ProxyHeadersMiddleware:
    return ProxyHeadersMiddleware(_nothing, trusted if isinstance(trusted, str) else list(trusted))


def client_of(scope: MutableMapping[str, Any], trusted: str | list[str]) -> tuple[str, int] | None:
    """The client's host and port; what ``trusted`` proxies say of it is believed.

    ``scope`` is an ASGI scope, of which ``type``, ``client`` and ``headers`` are read.
    """
    if trusted and any(name == b"x-forwarded-for" for name, _ in scope["headers"]):
        scope = dict(scope)  # it is changed
        middleware = _middleware(trusted if isinstance(trusted, str) else tuple(trusted))
        unused: Any = None
        with suppress(StopIteration):  # it waits for nothing
            middleware(cast("Any", scope), unused, unused).send(None)
    client: tuple[str, int] | None = scope["client"]
    return client


def is_trusted(peer: tuple[str, int] | None, trusted: str | list[str]) -> bool:
    """Whether what the peer, by host and port, says of others is believed."""
    if peer is None or not trusted:
        return False
    return peer[0] in _middleware(trusted if isinstance(trusted, str) else tuple(trusted)).trusted_hosts


def forwarded_prefix(
    headers: Iterable[tuple[bytes, bytes]], peer: str | None, trusted: str | list[str]
) -> str:
    """The path prefix that the proxy at ``peer`` says it took away (`X-Forwarded-Prefix`); "" for none.

    It is believed from ``trusted`` proxies only, once, and if it is a plain path. What others say is ignored,
    and so is all else that they say of a client; the log tells.
    """
    said = [(name, value) for name, value in headers if name in _SAID_BY_PROXIES]
    if not said or peer is None:
        return ""
    middleware = _middleware(trusted if isinstance(trusted, str) else tuple(trusted))
    if peer not in middleware.trusted_hosts:
        _tell_of_a_strange_proxy(peer, said[0][0].decode())
        return ""
    prefixes = [value for name, value in said if name == b"x-forwarded-prefix"]
    return prefixes[0].decode() if len(prefixes) == 1 and _PREFIX.fullmatch(prefixes[0]) else ""


def _tell_of_a_strange_proxy(peer: str, header: str) -> None:
    if _STRANGE_PROXIES.is_due():
        logger.warning(
            "Ignored %s from %s, which %s does not name: all clients behind it count as one. If it is your"
            " proxy, set %s=%s. Others are not reported for an hour.",
            header,
            peer,
            VARIABLE,
            VARIABLE,
            peer,
        )
