"""Connections to public addresses alone, for httpcore."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import httpcore

from taskbeam.outgoing.addresses import may_be_reached
from taskbeam.outgoing.endpoint import RefusedHostError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from taskbeam.background.calls import BlockingCalls
    from taskbeam.outgoing.addresses import Address, Network

    #: The addresses of a host, in the order in which they are to be tried; raises `OSError`.
    Resolve = Callable[[str], list[Address]]


def resolve(host: str) -> list[Address]:
    """Ask the system's resolver, as `socket.getaddrinfo` does."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [ip_address(address[0]) for *_, address in found]


class NoAddressError(httpcore.ConnectError):
    """The host's name is unknown."""


class PublicNetwork(httpcore.AsyncNetworkBackend):
    """Resolves a name once; refuses it unless each of its addresses is public; connects to one of these.

    So it makes no difference what the name resolves to a moment later, nor which ports are open on a host
    that is refused. TLS and the header Host keep the name.

    Args:
        calls: where names are resolved; a resolver may block for long.
        allowed: networks of ours that may be reached, too.
        resolver: as `resolve`.
    """

    def __init__(
        self, calls: BlockingCalls, allowed: Collection[Network] = (), resolver: Resolve = resolve
    ) -> None:
        self._calls = calls
        self._allowed = allowed
        self._resolver = resolver
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """As httpcore asks. Raises `RefusedHostError`, and `httpcore.ConnectError` where nobody answers."""
        try:
            addresses = await self._calls.run(lambda: self._resolver(host), timeout)
        except (OSError, UnicodeError) as error:
            raise NoAddressError(host) from error
        if not all(may_be_reached(address, self._allowed) for address in addresses):
            raise RefusedHostError(host)
        failure: Exception = NoAddressError(host)
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """No request goes there."""
        raise httpcore.ConnectError("Requests go to hosts.")

    async def sleep(self, seconds: float) -> None:
        """As httpcore asks."""
        await self._inner.sleep(seconds)
