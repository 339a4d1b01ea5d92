"""The policy: one function says whether an identity may do something to a task.

An application that knows better gives `Gateway` its own: ``authorize(identity, action, task) -> bool``.
It is asked on the event loop, so it neither waits nor looks anything up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskbeam.gateway.auth.identity import Action, Identity
from taskbeam.gateway.auth.operators import DASHBOARD

if TYPE_CHECKING:
    from taskbeam.journal.labels import Labels


@dataclass(frozen=True, slots=True)
class Task:
    """What the policy is told of a task; its labels are empty when it has none, or does not exist."""

    id: str
    labels: Labels


Authorize = Callable[[Identity, Action, Task], bool]


def anyone(identity: Identity, action: Action, task: Task) -> bool:  # noqa: ARG001
    """Development: whoever knows a task's id."""
    return True


def by_token(identity: Identity, action: Action, task: Task) -> bool:
    """Whoever has a token for the task, for its group or for its owner, with the action in its scope.

    The dashboard shows every task, so a token for its task is one for every task.
    """
    if action not in identity.scopes:
        return False
    if task.id in identity.tasks or DASHBOARD in identity.tasks:
        return True
    labels = task.labels
    return (labels.owner is not None and labels.owner == identity.owner) or any(
        group in identity.groups for group in labels.groups
    )
