"""On whose account a task is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from taskbeam.gateway.auth.senders import tenant_of

if TYPE_CHECKING:
    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.auth.senders import Sender


class Account(NamedTuple):
    """``tenant``: whose the idempotency key is, and, where it ``counts``, from whose quota the job is taken.

    ``identity`` sends, as often as it may; None where it was by an API key, or by the application itself.
    """

    tenant: str | None = None
    identity: Identity | None = None
    counts: bool = False

    @classmethod
    def of(cls, owner: str | None) -> Self:
        """What the application sends by itself, for an owner or for nobody."""
        return cls(tenant_of(owner))

    @classmethod
    def by(cls, sender: Sender, owner: str | None) -> Self:
        """What a sender sends; ``owner``: whose the task is."""
        return cls(tenant_of(owner) or sender.tenant, sender.identity, counts=True)
