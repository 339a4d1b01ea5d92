"""What the routes have in common that take a JSON body and send a task."""

from typing import Any

from taskbeam.gateway import JSON_ONLY, Accepted, accepted_responses, problems

#: Of `APIRouter.post`.
SENDS_TASK: dict[str, Any] = {
    "status_code": 202,
    "dependencies": [JSON_ONLY],
    "response_model": Accepted,
    "responses": accepted_responses(
        problems.BAD_REQUEST, problems.TOO_LARGE, problems.UNSUPPORTED_MEDIA_TYPE
    ),
}
