"""Which client a trusted proxy speaks for, as uvicorn's own middleware finds it out."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

if TYPE_CHECKING:
    from collections.abc import MutableMapping


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
