"""Errors as `application/problem+json` (RFC 9457), with the stable codes of `taskbeam.gateway.problems`."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ConfigDict, Field
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.websockets import WebSocket, WebSocketState

from taskbeam.gateway import problems
from taskbeam.gateway.http.answer_body import AnswerBody
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.counted_problems import count_problem
from taskbeam.gateway.problems import Problem, TaskbeamError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.requests import HTTPConnection

MEDIA_TYPE = "application/problem+json"

#: What the server answers by itself, whatever a request is for: one that it cannot read, that is late or too
#: large, one too many, and one that it has no time left for.
SERVER_PROBLEMS = (
    problems.BAD_REQUEST,
    problems.TOO_SLOW,
    problems.TOO_LARGE,
    problems.HEAD_TOO_LARGE,
    problems.TOO_MANY_CONNECTIONS,
    problems.RESTARTING,
)

#: What every call may answer that wants to know who asks.
IDENTITY_PROBLEMS = (problems.UNAUTHENTICATED, problems.TOKEN_EXPIRED, problems.TOKEN_REVOKED)

#: What every call about what somebody owns may answer, beside what is its own.
OWNER_PROBLEMS = (
    *IDENTITY_PROBLEMS,
    problems.FORBIDDEN,
    problems.INVALID_REQUEST,
    problems.UNKNOWN_FEED,
    problems.UNKNOWN_HOST,
    problems.INTERNAL,
    problems.UNAVAILABLE,
)

#: What every call about a task may answer, beside what is its own.
TASK_PROBLEMS = (
    *IDENTITY_PROBLEMS,
    problems.UNKNOWN_TASK,
    problems.EXPIRED,
    problems.RECORDS_MISSING,
    problems.INVALID_REQUEST,
    problems.UNKNOWN_HOST,
    problems.INTERNAL,
    problems.UNAVAILABLE,
)

#: Seconds after which a client may try again; a guess, for nothing here knows it better.
RETRY_AFTER = 5

_BY_STATUS = {
    problem.status: problem
    for problem in (
        problems.UNAUTHENTICATED,
        problems.FORBIDDEN,
        problems.TOO_LARGE,
        problems.BAD_REQUEST,
        problems.NOT_FOUND,
        problems.METHOD_NOT_ALLOWED,
        problems.UNAVAILABLE,
    )
}


#: What HTTP wants beside a status (RFC 6750, 3; RFC 6585, 4).
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": str(RETRY_AFTER)}}


class ProblemBody(AnswerBody):
    """The body of every error."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(default="about:blank", description="Always `about:blank`: `code` says what it is.")
    title: str
    status: int
    code: str = Field(description="Stable: what a program should look at.")
    detail: str | None = Field(default=None, description="More about this one occurrence.")
    retry: bool = Field(description="Whether the same request may succeed later.")


def problem_body(problem: Problem, detail: str | None = None) -> bytes:
    """The body of a problem, as JSON on one line."""
    body = ProblemBody(
        title=problem.title, status=problem.status, code=problem.code, detail=detail, retry=problem.retry
    )
    return body.model_dump_json(exclude_none=True).encode()


def problem_headers(problem: Problem) -> dict[str, str]:
    """What the body comes with."""
    kept = cache_headers(problem.status, Keep.NOBODY)
    return {"Content-Type": MEDIA_TYPE} | kept | _HEADERS.get(problem.status, {})


class ProblemResponse(Response):
    """A problem as a response."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, detail: str | None = None, headers: Any = None) -> None:
        super().__init__(
            problem_body(problem, detail), problem.status, problem_headers(problem) | dict(headers or {})
        )


def documented(*problems: Problem) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that may answer with these problems, or its server, for its OpenAPI."""
    by_status: dict[int, list[Problem]] = {}
    for problem in (*problems, *SERVER_PROBLEMS):
        by_status.setdefault(problem.status, []).append(problem)
    return {status: _documented(status, found) for status, found in by_status.items()}


def _documented(status: int, found: list[Problem]) -> dict[str, Any]:
    # Not by FastAPI's `model`, which would describe the body as application/json.
    schema = _schema()
    members = schema["properties"] | {
        "status": {"const": status, "type": "integer"},
        "code": schema["properties"]["code"] | {"enum": [problem.code for problem in found]},
    }
    examples = {problem.code: {"value": json.loads(problem_body(problem))} for problem in found}
    content = {MEDIA_TYPE: {"schema": schema | {"properties": members}, "examples": examples}}
    what = " ".join(f"`{problem.code}`: {problem.title}" for problem in found)
    return described(what, *_HEADERS.get(status, {}), content=content)


@cache
def _schema() -> dict[str, Any]:
    return ProblemBody.model_json_schema(mode="serialization")


def install_problems(app: FastAPI) -> None:
    """Answer every error of an application as `application/problem+json` (RFC 9457), as the gateway does."""
    handlers: dict[type[Exception], Any] = {
        TaskbeamError: _taskbeam_error,
        RequestValidationError: _invalid_request,
        HTTPException: _http_exception,
        RedisError: _redis_away,
        Exception: _internal_error,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def taskbeam_error(error: TaskbeamError) -> ProblemResponse:
    """The answer to a request that ended in one of the gateway's problems."""
    return ProblemResponse(error.problem, error.more, error.headers)


def invalid_request(error: RequestValidationError) -> ProblemResponse:
    """The answer to a request that does not fit its route's parameters."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return ProblemResponse(problems.INVALID_REQUEST, f"{where}: {first['msg']}")


def redis_away() -> ProblemResponse:
    """The answer to a request during which Redis failed."""
    return ProblemResponse(problems.UNAVAILABLE)


def problem_of(error: HTTPException) -> Problem:
    """What an exception of the gateway's, or any other with an HTTP status, is for a client."""
    if isinstance(error, TaskbeamError):
        return error.problem
    known = _BY_STATUS.get(error.status_code)
    return known or Problem("http_error", error.status_code, 4400, "The request was refused.")


async def _taskbeam_error(connection: HTTPConnection, error: Exception) -> ProblemResponse | None:
    assert isinstance(error, TaskbeamError)
    return await answer_problem(connection, error.problem, error.more, error.headers)


async def _invalid_request(_: HTTPConnection, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    return invalid_request(error)


async def _http_exception(connection: HTTPConnection, error: Exception) -> ProblemResponse | None:
    assert isinstance(error, HTTPException)
    return await answer_problem(connection, problem_of(error), headers=error.headers)


async def _redis_away(connection: HTTPConnection, error: Exception) -> ProblemResponse | None:  # noqa: ARG001
    return await answer_problem(connection, problems.UNAVAILABLE)


async def _internal_error(request: Request, error: Exception) -> ProblemResponse:  # noqa: ARG001
    count_problem(request.scope, problems.INTERNAL)
    return ProblemResponse(problems.INTERNAL)


async def answer_problem(
    connection: HTTPConnection, problem: Problem, detail: str | None = None, headers: Any = None
) -> ProblemResponse | None:
    """A WebSocket is accepted first: a browser reads the code of a close frame, and no HTTP status."""
    count_problem(connection.scope, problem)
    if not isinstance(connection, WebSocket):
        return ProblemResponse(problem, detail, headers)
    if connection.client_state is WebSocketState.CONNECTING:
        await connection.accept()
    await connection.close(problem.close, problem.code)
    return None
