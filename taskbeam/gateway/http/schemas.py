"""The types of a task's payloads as JSON Schema, as the workers that check them have published it."""

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import APIRouter, Path, Response

from taskbeam.gateway import problems
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.conditional import IfNoneMatch, is_known
from taskbeam.gateway.http.problem_details import IDENTITY_PROBLEMS, documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.problems import TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Awaitable

router = APIRouter(tags=["tasks"], route_class=GatewayRoute)

#: https://json-schema.org/draft/2020-12/json-schema-core#name-application-schemajson
MEDIA_TYPE = "application/schema+json"

TaskName = Annotated[str, Path(description="The `name` of the task's events.", examples=["exports.make"])]

_EXAMPLE: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "exports.make",
    "type": "object",
    "properties": {
        "result": {
            "type": "object",
            "required": ["rows"],
            "properties": {"rows": {"type": "integer", "title": "Rows"}},
            "title": "Export",
        }
    },
}

_PROBLEMS = (
    *IDENTITY_PROBLEMS,
    problems.NOT_FOUND,
    problems.INVALID_REQUEST,
    problems.UNKNOWN_HOST,
    problems.INTERNAL,
    problems.UNAVAILABLE,
)


class SchemaResponse(Response):
    """A JSON Schema."""

    media_type = MEDIA_TYPE


@router.get(
    "/schemas/{task_name:path}",
    operation_id="get_schema",
    response_class=SchemaResponse,
    responses=documented(*_PROBLEMS)
    | {
        200: described(
            "A JSON Schema (2020-12) of an object with the members `result`, `meta` and `chunk`, as far as "
            "the task has registered their types.",
            "ETag",
            "Cache-Control",
            content={MEDIA_TYPE: {"schema": {"type": "object"}, "example": _EXAMPLE}},
        ),
        304: described("The client has it.", "ETag", "Cache-Control"),
    },
)
async def schema(
    gateway: RuntimeDep, caller: CallerDep, task_name: TaskName, if_none_match: IfNoneMatch = None
) -> Response:
    """The types of what a task's events carry, for whoever may ask anything: they say nothing of any task.

    Workers publish them when they start.
    """
    caller.require_anybody()
    with caller.visit():
        asked = gateway.redis.hget(gateway.control.schemas, task_name)
        found = await cast("Awaitable[bytes | None]", asked)
    if found is None:
        raise TaskbeamError(problems.NOT_FOUND, "No worker has published payloads of a task of this name.")
    etag = f'"{hashlib.sha256(found).hexdigest()[:32]}"'
    if is_known(etag, if_none_match):
        return Response(status_code=304, headers={"ETag": etag} | cache_headers(304, Keep.READER))
    return SchemaResponse(found, headers={"ETag": etag} | cache_headers(200, Keep.READER))
