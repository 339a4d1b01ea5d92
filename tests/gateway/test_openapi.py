"""What a route may answer is in its OpenAPI description, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings
from taskbeam.gateway import CelerySettings, Gateway, GatewaySettings
from taskbeam.gateway.connections.celery_application import celery_application
from taskbeam.gateway.http.problem_details import ProblemBody
from tests.support.gateway import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


def test_each_answer_with_a_body_has_a_schema(openapi: dict[str, Any]) -> None:
    for path, operations in openapi["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                for content in response.get("content", {}).values():
                    assert content["schema"], (path, status)


def test_each_operation_says_what_it_asks_for(openapi: dict[str, Any]) -> None:
    assert set(openapi["components"]["securitySchemes"]) == {"token", "cookie", "ticket", "api_key"}
    asked = {
        path: {name for each in operation["security"] for name in each}
        for path, operations in openapi["paths"].items()
        for operation in operations.values()
    }
    reading = {"token", "cookie", "ticket"}
    assert asked["/healthz"] == asked["/readyz"] == set()
    assert asked["/reports"] == asked["/images"] == reading | {"api_key"}
    assert asked["/tasks/{task_id}"] == asked["/tasks/{task_id}/cancel"] == reading


def below_a_prefix() -> dict[str, Any]:
    live = Gateway(celery_application(CelerySettings()), settings=GatewaySettings(auth="open"))
    host = FastAPI(
        title="A shop", servers=[{"url": "/"}], license_info={"name": "none", "url": "https://x.example"}
    )
    host.include_router(live.router, prefix="/live")
    return host.openapi()


def alone() -> dict[str, Any]:
    live = Gateway(celery_application(CelerySettings()), settings=GatewaySettings(auth="open"))
    return live.asgi().openapi()


@pytest.mark.parametrize(
    "document", [alone, below_a_prefix, lambda: create_app(Settings(auth="open")).openapi()]
)
def test_a_linter_finds_no_error(document: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document()))
    linter = ROOT / "node_modules" / ".bin" / "redocly"
    argv = [str(linter), "lint", "--extends=recommended", str(path)]
    env = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=120, check=False, env=env, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _codes(operation: dict[str, Any]) -> set[str]:
    """The codes that an operation's description names: each stands between backquotes."""
    found: set[str] = set()
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            codes = response["description"].split("`")[1::2]
            assert codes, f"{status} is not described"
            found.update(codes)
    return found
