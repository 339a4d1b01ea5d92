"""Is the gateway alive, and can it do its work?"""

from fastapi import APIRouter

from taskbeam.gateway import problems
from taskbeam.gateway.gateway import GatewayDep
from taskbeam.gateway.http.problem_details import documented
from taskbeam.gateway.problems import TaskbeamError

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses=documented(problems.UNAVAILABLE))
async def ready(gateway: GatewayDep) -> dict[str, str]:
    """Redis answers, and the gateway hears what is published."""
    await gateway.redis.ping()
    if not gateway.subscriber.connected:
        raise TaskbeamError(problems.UNAVAILABLE)
    return {"status": "ok"}
