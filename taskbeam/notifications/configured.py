"""The application's own webhooks, as a deployment's settings have them."""

from __future__ import annotations

import time
from base64 import b64decode
from hashlib import sha256
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator

from taskbeam.notifications.target import Filter, Target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbeam.notifications.targets import TargetStore

#: What the ids begin with of targets that come from settings.
OF_SETTINGS = "webhook_set_"

#: Bytes of a secret (Standard Webhooks).
SHORTEST, LONGEST = 24, 64


class Webhook(BaseModel):
    """A service that is told how tasks end: `TASKBEAM_WEBHOOKS`.

    - ``url``: where messages go. ``secret``: signs them; `whsec_` and 24 to 64 bytes in Base64.
    - ``states``, ``names``, ``tags``: which ends it is told of; None = whatever they are. A name may end in
      ``*``; one of the tags is enough.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str
    secret: SecretStr
    states: frozenset[str] | None = None
    names: tuple[str, ...] | None = None
    tags: frozenset[str] | None = None

    @field_validator("secret")
    @classmethod
    def _is_a_secret(cls, secret: SecretStr) -> SecretStr:
        prefix, _, encoded = secret.get_secret_value().partition("_")
        try:
            size = len(b64decode(encoded, validate=True))
        except ValueError:
            size = 0
        if prefix != "whsec" or not SHORTEST <= size <= LONGEST:
            raise ValueError("a secret is whsec_ and 24 to 64 bytes in Base64")
        return secret

    def target(self, now: float) -> Target:
        """The target that it is; ``now`` is Unix time, in seconds."""
        return Target(
            id=OF_SETTINGS + sha256(self.url.encode()).hexdigest()[:16],
            kind="webhook",
            owner=None,
            url=self.url,
            every=True,
            created=now,
            wanted=Filter(states=self.states, names=self.names, tags=self.tags),
            secrets=(self.secret.get_secret_value(),),
        )


async def keep_configured(targets: TargetStore, webhooks: Iterable[Webhook]) -> None:
    """Let these be the targets of the settings, and forget the others. Raises redis-py's errors."""
    wanted = {target.id: target for target in (webhook.target(time.time()) for webhook in webhooks)}
    for known in await targets.of_owner(None):
        if known.id.startswith(OF_SETTINGS) and known.id not in wanted:
            await targets.remove(known.id)
    for target in wanted.values():
        await targets.put(target)
