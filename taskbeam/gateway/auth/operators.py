"""Operators: they see the dashboard, and every task.

A gateway without an application around it lets them in by a link that is good once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from taskbeam.gateway.auth.identity import READ_ONLY, Action, Identity

if TYPE_CHECKING:
    from taskbeam.gateway.auth.tickets import Tickets
    from taskbeam.gateway.auth.tokens import Tokens

#: The task that the dashboard follows. Whoever may read it is an operator.
DASHBOARD = "taskbeam.dashboard"

#: Whoever may read the task of this id may read the metrics. There is no such task.
METRICS = "taskbeam.metrics"

#: Ids that no task of an application has. Only an identity that names the dashboard, or the id, is for them.
RESERVED = frozenset({DASHBOARD, METRICS})


def operator(name: str, *, read_only: bool = False) -> Identity:
    """Whoever may do everything to every task, or only ``read_only``: see it.

    `ValueError` where the name cannot be part of a label. ``taskbeam revoke --owner operator:NAME`` ends what
    the identity was given.
    """
    scopes = READ_ONLY if read_only else frozenset(Action)
    return Identity(subject=f"operator:{name}", tasks=(DASHBOARD,), scopes=scopes)


def name_of(identity: Identity) -> str:
    """What logs call whoever did something as an operator."""
    return identity.subject or identity.owner or "an operator"


async def make_code(tokens: Tokens, logins: Tickets, identity: Identity, lifetime: float) -> str:
    """Make what is exchanged once for a session of the identity, of ``lifetime`` seconds.

    Raises redis-py's errors.
    """
    return await logins.issue(replace(tokens, lifetime=lifetime).issue(identity))
