"""The last answer on a connection: a problem, written by the server itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.gateway.http.problem_details import problem_body, problem_headers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbeam.gateway.problems import Problem


def refusal(problem: Problem, default_headers: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """A whole HTTP response, which ends the connection.

    ``default_headers`` are those of every answer of the server; one of them is ``Date`` (RFC 9110, 6.6.1).
    """
    body = problem_body(problem)
    headers = problem_headers(problem) | {"Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {problem.status} {problem.code}".encode()]
    lines += [b"%b: %b" % header for header in default_headers]
    lines += [f"{name}: {value}".encode() for name, value in headers.items()]
    return b"\r\n".join([*lines, b"", b""]) + body
