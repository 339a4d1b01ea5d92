"""Who may use the dashboard: whoever may do the same to its own task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.gateway import problems
from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.dashboard.publisher import DASHBOARD
from taskbeam.gateway.http.problem_details import IDENTITY_PROBLEMS
from taskbeam.gateway.problems import TaskbeamError

if TYPE_CHECKING:
    from taskbeam.gateway.auth.caller import Caller
    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.runtime import Runtime

#: What every call of an operator may answer, beside what is its own.
OPERATOR_PROBLEMS = (
    *IDENTITY_PROBLEMS,
    problems.FORBIDDEN,
    problems.INVALID_REQUEST,
    problems.UNKNOWN_HOST,
    problems.INTERNAL,
    problems.UNAVAILABLE,
)


async def require_operator(gateway: Runtime, caller: Caller, action: Action = Action.READ) -> Identity:
    """Who asks, if they may do this to the dashboard's own task, and so to every task.

    Raises `TaskbeamError` ``unauthenticated``, ``forbidden``; redis-py's errors.
    """
    identity = caller.require_anybody()
    refusal = await gateway.guard.access.refusal(identity, action, DASHBOARD)
    if refusal is not None:
        raise TaskbeamError(problems.FORBIDDEN if refusal is problems.UNKNOWN_TASK else refusal)
    return identity
