"""What a trusted proxy says of a request: which client it speaks for, and which prefix it took away.

Who is trusted, uvicorn decides (`forwarded_allow_ips`), by the name of its middleware's `trusted_hosts`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping


#: A path of plain segments, as a proxy's configuration has it.
_PREFIX = re.compile(rb"(?:/[A-Za-z0-9._~-]+)+")


async def _nothing(*_: Any) -> None:
    """The application behind the middleware: what matters is done by the time it is called."""


@cache
def _middleware(trusted: str | tuple[str, ...]) -> ProxyHeadersMiddleware:
    return ProxyHeadersMiddleware(_nothing, trusted if isinstance(trusted, str) else list(trusted))


def client_of(scope: MutableMapping[str, Any], trusted: str | list[str]) -> tuple[str, int] | None:
    """The client's host and port; what ``trusted`` proxies say of it is believed.

    ``scope`` is an ASGI scope, of which ``type``, ``client`` and ``headers`` are read.
    """
    if any(name == b"x-forwarded-for" for name, _ in scope["headers"]):
        scope = dict(scope)  # it is changed
        middleware = _middleware(trusted if isinstance(trusted, str) else tuple(trusted))
        unused: Any = None
        with suppress(StopIteration):  # it waits for nothing
            middleware(cast("Any", scope), unused, unused).send(None)
    client: tuple[str, int] | None = scope["client"]
    return client


def forwarded_prefix(
    headers: Iterable[tuple[bytes, bytes]], peer: str | None, trusted: str | list[str]
) -> str:
    """The path prefix that the proxy at ``peer`` says it took away (`X-Forwarded-Prefix`); "" for none.

    It is believed from ``trusted`` proxies only, once, and if it is a plain path.
    """
    said = [value for name, value in headers if name == b"x-forwarded-prefix"]
    if len(said) != 1 or peer is None or not _PREFIX.fullmatch(said[0]):
        return ""
    middleware = _middleware(trusted if isinstance(trusted, str) else tuple(trusted))
    return said[0].decode() if peer in middleware.trusted_hosts else ""
