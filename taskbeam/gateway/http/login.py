"""The way in for operators of a gateway that has no application around it: `taskbeam login` prints a link.

The link's code stands in its fragment, which no browser sends and no log has. The page exchanges it for a
cookie that no script sees and no other site sends.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from taskbeam.gateway import problems
from taskbeam.gateway.auth.audit import Actor, Audit
from taskbeam.gateway.auth.credentials import token_in_cookie
from taskbeam.gateway.auth.operators import name_of
from taskbeam.gateway.auth.revocation import revoke
from taskbeam.gateway.dependencies import RuntimeDep
from taskbeam.gateway.http.negotiation import JSON_ONLY
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.http.tickets import set_token_cookie
from taskbeam.gateway.problems import TaskbeamError
from taskbeam.gateway.runtime import Runtime

router = APIRouter(prefix="/login", include_in_schema=False, route_class=GatewayRoute)

#: What is said of a code that opens nothing.
SPENT = "This link was used before, or is too old. `taskbeam login` makes another."


class Login(BaseModel):
    """What a link from `taskbeam login` has behind its `#`."""

    code: str = Field(min_length=1, max_length=200)


@router.post("", status_code=204, dependencies=[JSON_ONLY])
async def log_in(request: Request, gateway: RuntimeDep, response: Response, login: Login) -> None:
    """Exchange a code, once, for the cookie of an operator's session."""
    guard = gateway.guard
    if guard.tokens is None:
        raise TaskbeamError(problems.NOT_FOUND, "This gateway has no token keys: nobody signs in here.")
    token = await _token(guard.logins.read, login)
    identity = await guard.identify(token)
    # Last, so that a gateway that cannot let anybody in leaves the code good; and only one request gets it.
    await _token(guard.logins.redeem, login)
    actor = Actor(name_of(identity), request.client.host if request.client is not None else "")
    await Audit(gateway.redis, gateway.control).record(actor, "log_in", f"owner:{identity.subject}")
    ends = identity.expires or 0
    set_token_cookie(response, token, ends - guard.tokens.clock(), _path(request, gateway))


@router.delete("", status_code=204)
async def log_out(request: Request, gateway: RuntimeDep, response: Response) -> None:
    """End the session of the request's cookie, on every gateway within a second."""
    token = token_in_cookie(request.headers.getlist("cookie"))
    if token is not None:
        with suppress(TaskbeamError):  # it is over already
            identity = await gateway.guard.identify(token)
            if identity.token_id is not None:
                longest = gateway.settings.max_token_lifetime
                await revoke(gateway.redis, gateway.control, longest, tokens=[identity.token_id])
    set_token_cookie(response, "", 0, _path(request, gateway))


async def _token(of: Callable[[str], Awaitable[str]], login: Login) -> str:
    try:
        return await of(login.code)
    except TaskbeamError as error:
        raise TaskbeamError(problems.UNAUTHENTICATED, SPENT) from error


def _path(request: Request, gateway: Runtime) -> str:
    return f"{gateway.paths.prefix(request)}/"
