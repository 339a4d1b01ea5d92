"""What opens a stream for a client that can set no header: a single-use ticket, or a cookie."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from taskbeam.gateway import problems
from taskbeam.gateway.auth.credentials import COOKIE
from taskbeam.gateway.auth.identity import Action, Identity
from taskbeam.gateway.auth.tokens import Tokens
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.problem_details import TASK_PROBLEMS, documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.problems import TaskbeamError
from taskbeam.gateway.runtime import Runtime

router = APIRouter(tags=["tickets"], route_class=GatewayRoute)

TaskId = Annotated[str, Path(min_length=1, description="Celery's id of the task.")]

#: The task itself is not looked up, so its records may have expired.
_PROBLEMS = documented(
    *(problem for problem in TASK_PROBLEMS if problem not in (problems.EXPIRED, problems.RECORDS_MISSING)),
    problems.NOT_FOUND,
    problems.FOREIGN_ORIGIN,
    problems.UNSUPPORTED_MEDIA_TYPE,
)


class Ticket(BaseModel):
    """Good for one request, as `?ticket=`."""

    ticket: str
    expires_in: float = Field(description="Seconds from now.")


@router.post(
    "/tasks/{task_id}/tickets",
    operation_id="create_task_ticket",
    status_code=201,
    responses=_PROBLEMS | {201: described("A ticket.", "Cache-Control")},
)
async def create_ticket(
    gateway: RuntimeDep, caller: CallerDep, response: Response, task_id: TaskId
) -> Ticket:
    """A ticket that reads the task, for the URL of an `EventSource` or a `WebSocket`."""
    identity = await caller.require(Action.READ, task_id)
    return await ticket_of(gateway, response, identity.reader_of(task_id))


@router.post(
    "/tasks/{task_id}/cookie",
    operation_id="set_task_cookie",
    status_code=204,
    responses=_PROBLEMS | {204: described("The cookie is set.", "Set-Cookie", "Cache-Control")},
)
async def set_cookie(
    request: Request, gateway: RuntimeDep, caller: CallerDep, response: Response, task_id: TaskId
) -> None:
    """A cookie that reads the task for as long as the token, which no script sees and no other site sends."""
    identity = await caller.require(Action.READ, task_id)
    path = gateway.paths.task(request, task_id).self
    hand_over_cookie(gateway, response, identity.reader_of(task_id), path)


async def ticket_of(gateway: Runtime, response: Response, identity: Identity) -> Ticket:
    """A ticket that stands for the identity, and the response's header; raises as `_tokens`."""
    ticket = await gateway.guard.tickets.issue(_tokens(gateway).issue(identity))
    response.headers["Cache-Control"] = "no-store"
    return Ticket(ticket=ticket, expires_in=gateway.settings.ticket_lifetime)


def hand_over_cookie(gateway: Runtime, response: Response, identity: Identity, path: str) -> None:
    """Set a cookie that stands for the identity below the path, while it lasts; raises as `_tokens`."""
    lifetime, tokens = gateway.settings.token_lifetime, _tokens(gateway)
    if identity.expires is not None:
        lifetime = min(lifetime, identity.expires - tokens.clock())
    set_token_cookie(response, tokens.issue(identity), max(1, lifetime), path)


def set_token_cookie(response: Response, token: str, lifetime: float, path: str) -> None:
    """Let a browser keep the token for its ``lifetime`` in seconds, or none any more, below the path."""
    age = max(0, int(lifetime))
    response.set_cookie(COOKIE, token, max_age=age, path=path, secure=True, httponly=True, samesite="strict")
    response.headers["Cache-Control"] = "no-store"


def _tokens(gateway: Runtime) -> Tokens:
    """Raises `TaskbeamError` ``not_found`` where the gateway has no keys to sign with."""
    if gateway.guard.tokens is None:
        raise TaskbeamError(
            problems.NOT_FOUND, "This gateway has no token keys: the application's own login opens a stream."
        )
    return gateway.guard.tokens
