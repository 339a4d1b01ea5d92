"""Is the gateway alive, and can it do its work?"""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from taskbeam.gateway import problems
from taskbeam.gateway.dependencies import RuntimeDep
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.problem_details import documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.problems import TaskbeamError

router = APIRouter(tags=["health"], route_class=GatewayRoute)

#: In OpenAPI: nobody is asked who they are.
_PUBLIC: dict[str, Any] = {"security": []}

#: The route of `alive`, but for its path and name, which each gateway chooses.
ALIVE: dict[str, Any] = {
    "operation_id": "get_liveness",
    "summary": "Alive",
    "tags": ["health"],
    "responses": documented() | {200: described("The process runs.", "Cache-Control")},
    "openapi_extra": _PUBLIC,
}


class Health(BaseModel):
    """All is well."""

    status: Literal["ok"]


async def alive() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get(
    "/readyz",
    operation_id="get_readiness",
    responses=documented(problems.UNAVAILABLE)
    | {200: described("The gateway can do its work.", "Cache-Control")},
    openapi_extra=_PUBLIC,
)
async def ready(gateway: RuntimeDep) -> Health:
    """Redis and the broker can be reached, and the gateway's own work goes on."""
    await gateway.redis.ping()
    failing = gateway.background.failing()
    if failing:
        work = ", ".join(map(str, failing))
        raise TaskbeamError(problems.UNAVAILABLE, f"Background work fails: {work}. The log says why.")
    if not gateway.subscriber.connected:
        raise TaskbeamError(problems.UNAVAILABLE)
    failure = await gateway.broker_check.failure()
    if failure is not None:
        raise TaskbeamError(problems.UNAVAILABLE, failure)
    return Health(status="ok")
