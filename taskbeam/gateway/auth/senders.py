"""Who may send tasks, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING

from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.problems import FORBIDDEN, UNAUTHENTICATED, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr

    from taskbeam.gateway.auth.identity import Identity


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the tasks belong to; None = nobody in particular."""

    owner: str | None = None


def sender_of(
    identity: Identity | None, api_key: str | None, owner: str | None, api_keys: Sequence[SecretStr]
) -> Sender:
    """An API key, whose bearer names the owner, or a token with the scope ``send``, whose owner it is.

    ``api_keys`` are those of the gateway. Raises `TaskbeamError`: ``unauthenticated`` or ``forbidden``.
    """
    if api_key is not None:
        known = (key.get_secret_value().encode() for key in api_keys)
        # Each is compared, so that the time tells nothing.
        if not sum(compare_digest(key, api_key.encode()) for key in known):
            raise TaskbeamError(UNAUTHENTICATED)
        return Sender(owner)
    if identity is None:
        raise TaskbeamError(UNAUTHENTICATED)
    if Action.SEND not in identity.scopes:
        raise TaskbeamError(FORBIDDEN)
    return Sender(identity.owner or identity.subject)
