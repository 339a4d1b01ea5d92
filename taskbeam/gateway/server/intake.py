"""What a client may send before an application is asked: how much, how slowly, on how many connections."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from taskbeam.gateway.problems import problem_body, problem_headers

if TYPE_CHECKING:
    from taskbeam.gateway.errors import Problem


class Intake(NamedTuple):
    """``head_bytes`` of a request line with its headers; seconds until the head, and the body, is there."""

    connections: int
    head_bytes: int
    head_seconds: float
    body_seconds: float


@cache
def refusal(problem: Problem) -> bytes:
    """A whole HTTP response, which ends the connection."""
    body = problem_body(problem)
    headers = problem_headers(problem) | {"Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {problem.status} {problem.code}", *(f"{name}: {headers[name]}" for name in headers)]
    return "\r\n".join([*lines, "", ""]).encode() + body
