"""What a route that sends a task takes and answers, beside what is its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Header

from taskbeam.gateway import problems
from taskbeam.gateway.http.answer_body import forbid_null
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.problem_details import IDENTITY_PROBLEMS, documented
from taskbeam.gateway.jobs.idempotency import MAX_KEY

if TYPE_CHECKING:
    from taskbeam.gateway.problems import Problem


def _key(schema: dict[str, Any]) -> None:
    """Only told: a key that does not fit is answered with ``bad_idempotency_key``."""
    forbid_null(schema)
    schema |= {"minLength": 1, "maxLength": MAX_KEY}


#: A parameter of a route, for `Gateway.send`.
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="The same key with the same body gets the same task, for a day.", json_schema_extra=_key
    ),
]


def accepted_responses(*more: Problem) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that sends a task: that of `Gateway.accepted`, and what can go wrong.

    ``more`` are the problems that the route adds. Its ``status_code`` is 202, its ``response_model``
    `Accepted`.
    """
    answers = documented(
        *IDENTITY_PROBLEMS,
        problems.FORBIDDEN,
        problems.FOREIGN_ORIGIN,
        problems.BAD_IDEMPOTENCY_KEY,
        problems.IDEMPOTENCY_CONFLICT,
        problems.INVALID_REQUEST,
        problems.UNKNOWN_HOST,
        problems.TOO_MANY_JOBS,
        problems.RATE_LIMITED,
        problems.INTERNAL,
        problems.UNAVAILABLE,
        *more,
    )
    return answers | {202: described("The task was sent.", "Location", "Cache-Control")}
