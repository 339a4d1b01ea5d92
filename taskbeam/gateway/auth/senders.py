"""Who may send tasks, which of them, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from taskbeam.gateway.auth.identity import API_KEY_SOURCE, FOLLOW, Action, Identity
from taskbeam.gateway.auth.name_patterns import allows
from taskbeam.gateway.problems import FORBIDDEN, UNAUTHENTICATED, UNAVAILABLE, Problem, TaskbeamError
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.labels import composed, label

if TYPE_CHECKING:
    from taskbeam.gateway.auth.api_key import ApiKey
    from taskbeam.gateway.auth.api_keys import ApiKeys
    from taskbeam.gateway.auth.shared_api_keys import SharedApiKeys


@dataclass(frozen=True, slots=True)
class Sender:
    """``owner``: who the tasks belong to; None = nobody in particular.

    ``identity`` is what the sender proved to be, where it was not by an API key. ``key`` names the API key,
    where it was by one, and does not tell it; a key that has a name may send only ``tasks`` of these names,
    to these ``queues``, and for these ``owners``. A name may end in ``*``; None = any. The tokens of the sent
    tasks end with the `source`, and do no more than it: the identity, or what such a key has ``given_away``.
    """

    owner: str | None = None
    identity: Identity | None = None
    key: str | None = None
    queues: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    owners: tuple[str, ...] | None = None
    given_away: Identity | None = None

    def __post_init__(self) -> None:
        """A name that cannot be a label is nobody's: `ValueError`. Others are compared as labels are."""
        if self.owner is not None:
            object.__setattr__(self, "owner", label(self.owner))

    @property
    def source(self) -> Identity | None:
        """What the tokens of the sent tasks come of; None where nothing ends them before their time."""
        return self.identity or self.given_away

    def speaks_for(self, owner: str) -> bool:
        """Whether what it asks for may be about this owner: a token's own, or whom an API key names."""
        owner = composed(owner)
        if self.identity is not None:
            return owner == self.owner
        return allows(self.owners, owner)

    @property
    def tenant(self) -> str | None:
        """From whose quota its tasks are taken, and whose its idempotency keys are.

        The owner's, else its token's, else its API key's. None where nothing tells one sender from another,
        as on an open gateway.
        """
        return tenant_of(self.owner) or self._without_owner

    @property
    def _without_owner(self) -> str | None:
        token_id = self.identity.token_id if self.identity is not None else None
        return self.key if token_id is None else f"token:{token_id}"


def tenant_of(owner: str | None) -> str | None:
    """The tenant that an owner is; None for nobody."""
    return None if owner is None else f"owner:{owner}"


def may_send(sender: Sender, name: str, queue: str | None) -> Problem | None:
    """Whether the sender's key or token is good for a task of this name in this queue; None if so."""
    names = sender.identity.names if sender.identity is not None else None
    if names is not None and name not in names:
        return FORBIDDEN
    if not allows(sender.tasks, name) or not allows(sender.queues, queue or ""):
        return FORBIDDEN
    return None


def sender_of(identity: Identity | None) -> Sender:
    """A token with the scope ``send``, whose owner it is.

    Raises `TaskbeamError`: ``unauthenticated`` or ``forbidden``.
    """
    if identity is None:
        raise TaskbeamError(UNAUTHENTICATED)
    if Action.SEND not in identity.scopes:
        raise TaskbeamError(FORBIDDEN)
    return Sender(identity.owner or identity.subject, identity=identity)


async def sender_by_key(text: str, owner: str | None, shared: SharedApiKeys, named: ApiKeys) -> Sender:
    """An API key, whose bearer names the ``owner``: one of the settings, or one that has a name.

    Raises `TaskbeamError`: ``unauthenticated``, ``forbidden`` or ``unavailable``.
    """
    if shared.has(text):
        return Sender(owner, key=f"key:{sha256(text.encode()).hexdigest()}")
    try:
        key = await named.find(text)
    except REDIS_AWAY:
        raise TaskbeamError(UNAVAILABLE) from None
    if key is None:
        raise TaskbeamError(UNAUTHENTICATED)
    return _sender(key, owner)


def _sender(key: ApiKey, owner: str | None) -> Sender:
    if key.admin:
        raise TaskbeamError(FORBIDDEN, "This API key manages keys, and sends nothing.")
    if owner is None and key.owners is not None and len(key.owners) == 1 and not key.owners[0].endswith("*"):
        owner = key.owners[0]
    if not allows(key.owners, owner or ""):
        raise TaskbeamError(FORBIDDEN, "This API key sends for other owners; name one in Taskbeam-Owner.")
    name = f"{API_KEY_SOURCE}{key.id}"
    given_away = Identity(scopes=FOLLOW, sources=(name,), expires=key.expires)
    return Sender(
        owner, key=name, queues=key.queues, tasks=key.tasks, owners=key.owners, given_away=given_away
    )
