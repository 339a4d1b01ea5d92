"""Who may send tasks, and whose they are; an application may replace `identify_sender` by its own."""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Annotated

from fastapi import Depends, Header

from taskbeam.gateway.auth.caller import identify
from taskbeam.gateway.auth.identity import Action, Identity
from taskbeam.gateway.gateway import GatewayDep
from taskbeam.gateway.problems import FORBIDDEN, UNAUTHENTICATED, TaskbeamError


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the tasks belong to; None = nobody in particular."""

    owner: str | None = None


async def identify_sender(
    gateway: GatewayDep,
    identity: Annotated[Identity | None, Depends(identify)],
    x_api_key: Annotated[str | None, Header(description="One of the gateway's API keys.")] = None,
    taskbeam_owner: Annotated[
        str | None, Header(description="With an API key: whose the task is.", max_length=255)
    ] = None,
) -> Sender:
    """An API key, whose bearer names the owner, or a token with the scope ``send``, whose owner it is.

    Raises `TaskbeamError`: ``unauthenticated`` or ``forbidden``.
    """
    guard = gateway.guard
    if guard.open:
        return Sender(taskbeam_owner)
    if x_api_key is not None:
        known = (key.get_secret_value().encode() for key in gateway.settings.api_keys)
        # Each is compared, so that the time tells nothing.
        if not sum(compare_digest(key, x_api_key.encode()) for key in known):
            raise TaskbeamError(UNAUTHENTICATED)
        return Sender(taskbeam_owner)
    if identity is None:
        raise TaskbeamError(UNAUTHENTICATED)
    if Action.SEND not in identity.scopes:
        raise TaskbeamError(FORBIDDEN)
    return Sender(identity.owner or identity.subject)


#: Who sends a task, as a parameter of a route.
SenderDep = Annotated[Sender, Depends(identify_sender)]
