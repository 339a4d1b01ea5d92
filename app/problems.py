"""Errors as `application/problem+json` (RFC 9457), with the stable codes of `taskbeam.errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException

from taskbeam import errors
from taskbeam.errors import Problem, TaskbeamError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

MEDIA_TYPE = "application/problem+json"

_BY_STATUS = {
    problem.status: problem
    for problem in (errors.BAD_REQUEST, errors.NOT_FOUND, errors.METHOD_NOT_ALLOWED, errors.UNAVAILABLE)
}


class ProblemBody(BaseModel):
    """The body of every error."""

    model_config = ConfigDict(title="Problem")

    type: str = "about:blank"
    title: str
    status: int
    code: str = Field(description="Stable: what a program should look at.")
    detail: str | None = None
    retry: bool = Field(description="Whether the same request may succeed later.")


class ProblemResponse(JSONResponse):
    """A problem as a response."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, detail: str | None = None, headers: Any = None) -> None:
        body = ProblemBody(
            title=problem.title, status=problem.status, code=problem.code, detail=detail, retry=problem.retry
        )
        super().__init__(body.model_dump(exclude_none=True), problem.status, headers)


def documented(*problems: Problem) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that may answer with these problems, for its OpenAPI."""
    described: dict[int | str, list[str]] = {}
    for problem in problems:
        described.setdefault(problem.status, []).append(f"`{problem.code}`: {problem.title}")
    # Not by FastAPI's `model`, which would describe the body as application/json.
    content = {MEDIA_TYPE: {"schema": ProblemBody.model_json_schema()}}
    return {
        status: {"description": " ".join(lines), "content": content} for status, lines in described.items()
    }


def install(app: FastAPI) -> None:
    """Answer every error in this form."""
    app.add_exception_handler(TaskbeamError, _taskbeam_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RedisError, _redis_away)
    app.add_exception_handler(Exception, _internal_error)


def _taskbeam_error(_: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, TaskbeamError)
    return ProblemResponse(error.problem, error.detail)


def _invalid_request(_: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return ProblemResponse(errors.INVALID_REQUEST, f"{where}: {first['msg']}")


def _http_exception(_: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)
    problem = _BY_STATUS.get(error.status_code)
    if problem is None:
        problem = Problem("http_error", error.status_code, 4400, "The request was refused.")
    return ProblemResponse(problem, headers=error.headers)


def _redis_away(_: Request, error: Exception) -> ProblemResponse:  # noqa: ARG001
    return ProblemResponse(errors.UNAVAILABLE)


def _internal_error(_: Request, error: Exception) -> ProblemResponse:  # noqa: ARG001
    return ProblemResponse(errors.INTERNAL)
