"""Is the gateway alive, and can it do its work?"""

from typing import Any

from fastapi import APIRouter

from taskbeam.gateway import problems
from taskbeam.gateway.dependencies import RuntimeDep
from taskbeam.gateway.http.problem_details import documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.problems import TaskbeamError

router = APIRouter(tags=["health"], route_class=GatewayRoute)


#: In OpenAPI: nobody is asked who they are.
PUBLIC: dict[str, Any] = {"security": []}


async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses=documented(problems.UNAVAILABLE), openapi_extra=PUBLIC)
async def ready(gateway: RuntimeDep) -> dict[str, str]:
    """Redis answers, the gateway hears what is published, and the broker can be reached."""
    await gateway.redis.ping()
    if not gateway.subscriber.connected:
        raise TaskbeamError(problems.UNAVAILABLE)
    failure = await gateway.broker_check.failure()
    if failure is not None:
        raise TaskbeamError(problems.UNAVAILABLE, failure)
    return {"status": "ok"}
