"""What the routes have in common that take a JSON body and send a task."""

from typing import Any

from taskbeam.gateway import JSON_ONLY, Accepted, Problem, accepted_responses, problems


def sends_task(*more: Problem) -> dict[str, Any]:
    """Arguments of `APIRouter.post`; ``more``: what else may go wrong."""
    return {
        "status_code": 202,
        "dependencies": [JSON_ONLY],
        "response_model": Accepted,
        "responses": accepted_responses(problems.UNSUPPORTED_MEDIA_TYPE, *more),
    }


#: Where nothing else may.
SENDS_TASK = sends_task()
