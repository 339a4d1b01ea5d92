"""What a route may answer is in its OpenAPI description, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from app.main import create_app
from app.settings import Settings
from taskbeam.gateway.http.problem_details import ProblemBody

#: What every call that asks Redis for something may answer.
COMMON = frozenset({"invalid_request", "internal_error", "unavailable"})
IDENTITY = frozenset({"unauthenticated", "token_expired", "token_revoked"})
ABSENT = frozenset({"unknown_task", "expired"})
DOCUMENTED = {
    ("post", "/reports"): COMMON
    | IDENTITY
    | {
        "forbidden",
        "too_large",
        "unsupported_media_type",
        "bad_request",
        "bad_idempotency_key",
        "idempotency_conflict",
    },
    ("post", "/images"): COMMON
    | IDENTITY
    | {"forbidden", "bad_request", "bad_idempotency_key", "idempotency_conflict", "too_large"},
    ("get", "/reports/{task_id}"): COMMON | IDENTITY | ABSENT,
    ("get", "/tasks/{task_id}"): COMMON | IDENTITY | ABSENT | {"bad_cursor", "too_many_connections"},
    ("get", "/tasks/{task_id}/events"): COMMON | IDENTITY | ABSENT | {"bad_cursor", "too_many_connections"},
    ("post", "/tasks/{task_id}/cancel"): COMMON | IDENTITY | ABSENT | {"forbidden", "too_late"},
    ("post", "/tasks/{task_id}/tickets"): COMMON | IDENTITY | {"unknown_task"},
    ("post", "/tasks/{task_id}/cookie"): COMMON | IDENTITY | {"unknown_task"},
    ("get", "/tasks/{task_id}/files/{path}"): COMMON | IDENTITY | ABSENT | {"not_found"},
    ("get", "/healthz"): set(),
    ("get", "/readyz"): {"unavailable"},
}


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return create_app(Settings(auth="open")).openapi()


def test_each_route_declares_its_problems(openapi: dict[str, Any]) -> None:
    found = {
        (method, path): _codes(operation)
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
    }
    assert found == DOCUMENTED


def test_each_problem_has_the_one_schema(openapi: dict[str, Any]) -> None:
    for operations in openapi["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    ((media_type, content),) = response["content"].items()
                    assert media_type == "application/problem+json"
                    assert set(content["schema"]["properties"]) == set(ProblemBody.model_fields)


def test_success_is_described_too(openapi: dict[str, Any]) -> None:
    paths = openapi["paths"]
    events = paths["/tasks/{task_id}/events"]["get"]["responses"]
    assert set(events["200"]["content"]) == {"application/json", "text/event-stream"}
    assert "content" not in events["204"]
    assert "304" in paths["/tasks/{task_id}"]["get"]["responses"]
    assert "202" in paths["/reports"]["post"]["responses"]


def _codes(operation: dict[str, Any]) -> set[str]:
    """The codes that an operation's description names: each stands between backquotes."""
    found: set[str] = set()
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            codes = response["description"].split("`")[1::2]
            assert codes, f"{status} is not described"
            found.update(codes)
    return found
