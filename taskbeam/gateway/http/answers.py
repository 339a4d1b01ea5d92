"""Answers in OpenAPI's words: what the ``responses`` of a FastAPI route are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What each header says, and an example of it.
_HEADERS = {
    "Cache-Control": ("Who may keep the answer.", "no-store"),
    "Content-Range": ("Which bytes of the file these are.", "bytes 0-99/1234"),
    "ETag": ("A tag for `If-None-Match`; that of a snapshot is its cursor.", '"1763800000000-3"'),
    "Location": ("Where the task is.", "/tasks/0b87d1a2-5f0c-4b0e-9d3a-6a3f0c1f9a11"),
    "Retry-After": ("Seconds after which to try again.", "5"),
    "Set-Cookie": ("The cookie `taskbeam`, for this task's addresses.", "taskbeam=ey…; HttpOnly; Secure"),
    "WWW-Authenticate": ("How to authenticate.", "Bearer"),
}


def described(
    what: str, *headers: str, content: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """One answer; ``headers`` are those that it always has.

    ``content``: what is beside the model of the route, as OpenAPI's media type objects by media type.
    """
    answer: dict[str, Any] = {"description": what}
    if headers:
        answer["headers"] = {name: _header(name) for name in headers}
    if content is not None:
        answer["content"] = dict(content)
    return answer


def _header(name: str) -> dict[str, Any]:
    says, example = _HEADERS[name]
    return {"description": says, "required": True, "schema": {"type": "string"}, "example": example}
