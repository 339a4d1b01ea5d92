"""/metrics beside the other routes: for operators, who may read what every task does."""

from fastapi import APIRouter, Response

from taskbeam.gateway import problems
from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.auth.operators import METRICS
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.problem_details import IDENTITY_PROBLEMS, documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.metrics.port import MEDIA_TYPE
from taskbeam.gateway.problems import TaskbeamError

router = APIRouter(tags=["health"], route_class=GatewayRoute)


@router.get(
    "/metrics",
    operation_id="get_metrics",
    response_class=Response,
    responses=documented(
        *IDENTITY_PROBLEMS,
        problems.FORBIDDEN,
        problems.UNKNOWN_HOST,
        problems.INTERNAL,
        problems.UNAVAILABLE,
    )
    | {
        200: described(
            "The metrics of this process.",
            "Cache-Control",
            content={"text/plain": {"schema": {"type": "string"}}},
        )
    },
)
async def metrics(gateway: RuntimeDep, caller: CallerDep) -> Response:
    """What this process has counted, in Prometheus' text format."""
    identity = caller.require_anybody()
    refusal = await gateway.guard.access.refusal(identity, Action.READ, METRICS)
    if refusal is not None:
        raise TaskbeamError(problems.FORBIDDEN if refusal is problems.UNKNOWN_TASK else refusal)
    assert gateway.metrics is not None, "the route is there only with metrics"
    return Response(await gateway.metrics.page(), media_type=MEDIA_TYPE)
