"""A credential provider that was written for blocking clients, asked from an event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from redis.credentials import CredentialProvider

if TYPE_CHECKING:
    Credentials = tuple[str] | tuple[str, str]


class _InThread(CredentialProvider):
    """Asks in a thread: it may look a secret up over the network, and the loop serves others meanwhile."""

    def __init__(self, blocking: CredentialProvider) -> None:
        self._blocking = blocking

    def get_credentials(self) -> Credentials:
        return self._blocking.get_credentials()

    async def get_credentials_async(self) -> Credentials:
        return await asyncio.to_thread(self._blocking.get_credentials)


def asyncio_credentials(provider: Any) -> Any:
    """The provider itself where it knows asyncio, else one that asks it without holding up the loop."""
    own, inherited = (
        getattr(kind, "get_credentials_async", None) for kind in (type(provider), CredentialProvider)
    )
    return _InThread(provider) if own is inherited else provider
