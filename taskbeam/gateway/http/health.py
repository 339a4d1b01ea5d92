"""Is the gateway alive, and can it do its work?"""

from fastapi import APIRouter

from taskbeam.gateway import errors
from taskbeam.gateway.errors import TaskbeamError
from taskbeam.gateway.gateway import GatewayDep
from taskbeam.gateway.problems import documented

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses=documented(errors.UNAVAILABLE))
async def ready(gateway: GatewayDep) -> dict[str, str]:
    """Redis answers, and the gateway hears what is published."""
    await gateway.redis.ping()
    if not gateway.subscriber.connected:
        raise TaskbeamError(errors.UNAVAILABLE)
    return {"status": "ok"}
