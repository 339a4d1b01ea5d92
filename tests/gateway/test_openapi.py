"""What a route may answer is in its OpenAPI description, and nothing else."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.security import APIKeyCookie
from jsonschema import Draft202012Validator

from app.main import create_app
from app.settings import Settings
from taskbeam import __version__
from taskbeam.follow.filters import MAX_NAMES, Filter
from taskbeam.gateway import CelerySettings, Gateway, GatewaySettings, Identity, celery_application
from taskbeam.gateway.http.problem_details import MEDIA_TYPE, ProblemBody
from tests.support.linter import complaints
from tests.support.tokens import PUSHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Document = dict[str, Any]

#: What the server may answer to any request.
SERVER = frozenset(
    {"bad_request", "too_slow", "too_large", "head_too_large", "too_many_connections", "restarting"}
)
#: What every call that asks Redis for something may answer.
COMMON = SERVER | {"invalid_request", "unknown_host", "internal_error", "unavailable"}
IDENTITY = frozenset({"unauthenticated", "token_expired", "token_revoked"})
ABSENT = frozenset({"unknown_task", "expired", "records_missing"})
CHANGING = frozenset({"foreign_origin", "unsupported_media_type"})
SENDING = (
    COMMON
    | IDENTITY
    | {"forbidden", "foreign_origin", "bad_idempotency_key", "idempotency_conflict"}
    | {"too_many_jobs", "rate_limited"}
)

#: The operations of the gateway alone: their names, and the problems of each.
GATEWAY = {
    "get_task": COMMON | IDENTITY | ABSENT | {"bad_cursor"},
    "get_task_events": COMMON | IDENTITY | ABSENT | {"bad_cursor"},
    "get_task_tree": COMMON | IDENTITY | ABSENT,
    "cancel_task": COMMON | IDENTITY | ABSENT | CHANGING | {"forbidden", "too_late"},
    "create_task_ticket": COMMON | IDENTITY | CHANGING | {"unknown_task", "not_found"},
    "set_task_cookie": COMMON | IDENTITY | CHANGING | {"unknown_task", "not_found"},
    "get_task_file": COMMON | IDENTITY | ABSENT | {"not_found", "file_gone"},
    "get_schema": COMMON | IDENTITY | {"not_found"},
    "create_feed_ticket": COMMON | IDENTITY | CHANGING | {"unknown_feed", "not_found"},
    "set_feed_cookie": COMMON | IDENTITY | CHANGING | {"unknown_feed", "not_found"},
    "get_feed": COMMON | IDENTITY | {"unknown_feed", "not_found"},
    "get_feed_events": COMMON | IDENTITY | {"unknown_feed", "not_found", "bad_cursor"},
    "get_push_key": COMMON,
    "get_liveness": SERVER,
    "get_readiness": SERVER | {"unavailable"},
}
MANAGING = COMMON | {"unauthenticated", "forbidden"}
CHANGING_KEYS = MANAGING | CHANGING
KEYS = {
    "list_api_keys": MANAGING,
    "create_api_key": CHANGING_KEYS,
    "rotate_api_key": CHANGING_KEYS | {"not_found"},
    "revoke_api_key": CHANGING_KEYS | {"not_found"},
}
#: By a cookie or a ticket that only reads they are forbidden.
BY_TOKEN = COMMON | IDENTITY | {"forbidden"}
PUSH = {
    "ask_for_push": BY_TOKEN | CHANGING | {"unknown_task", "too_many"},
    "withdraw_push": BY_TOKEN | CHANGING | {"unknown_task"},
    "list_devices": BY_TOKEN | {"unknown_feed"},
    "ask_for_all_pushes": BY_TOKEN | CHANGING | {"unknown_feed"},
    "forget_device": BY_TOKEN | CHANGING | {"not_found"},
}
OF_OWNER = BY_TOKEN | {"unknown_feed"}
ONE_WEBHOOK = OF_OWNER | CHANGING | {"not_found"}
WEBHOOKS = {
    "list_webhooks": OF_OWNER,
    "create_webhook": OF_OWNER | CHANGING | {"too_many"},
    "list_deliveries": OF_OWNER | {"not_found"},
    **dict.fromkeys(("rotate_webhook", "enable_webhook", "test_webhook"), ONE_WEBHOOK),
    **dict.fromkeys(("replay_delivery", "delete_webhook"), ONE_WEBHOOK),
}
PREFERENCES = {"get_preferences": OF_OWNER, "set_preferences": OF_OWNER | CHANGING}
SERVICE = (
    GATEWAY
    | KEYS
    | PUSH
    | WEBHOOKS
    | PREFERENCES
    | {
        "create_report": SENDING | {"unsupported_media_type", "no_mail", "foreign_address"},
        "create_images": SENDING | {"insufficient_storage"},
        "create_report_batch": SENDING | {"unsupported_media_type"},
        "create_text": SENDING | {"unsupported_media_type"},
        "create_year_report": SENDING | {"unsupported_media_type"},
        "get_session": SERVER | {"unknown_host"},
        "get_report": COMMON | IDENTITY | ABSENT,
    }
)

#: Success: the headers that it has each time.
SUCCESS = {
    "get_task": {"200": {"ETag", "Cache-Control"}, "304": {"ETag", "Cache-Control"}},
    "get_task_events": {"200": {"Cache-Control"}, "204": {"Cache-Control"}},
    "get_task_tree": {"200": {"Cache-Control"}},
    "get_schema": {"200": {"ETag", "Cache-Control"}, "304": {"ETag", "Cache-Control"}},
    "get_feed": {"200": {"Cache-Control"}},
    "get_feed_events": {"200": {"Cache-Control"}, "204": {"Cache-Control"}},
    "create_feed_ticket": {"201": {"Cache-Control"}},
    "set_feed_cookie": {"204": {"Set-Cookie", "Cache-Control"}},
    "cancel_task": {"202": {"Cache-Control"}},
    "create_task_ticket": {"201": {"Cache-Control"}},
    "set_task_cookie": {"204": {"Set-Cookie", "Cache-Control"}},
    "get_task_file": {"200": {"Cache-Control"}, "206": {"Cache-Control"}},
    "get_liveness": {"200": {"Cache-Control"}},
    "get_readiness": {"200": {"Cache-Control"}},
    "create_report": {"202": {"Location", "Cache-Control"}},
    "create_images": {"202": {"Location", "Cache-Control"}},
    "create_text": {"202": {"Location", "Cache-Control"}},
    "create_year_report": {"202": {"Location", "Cache-Control"}},
    "create_report_batch": {"202": {"Location", "Cache-Control"}},
    "get_report": {"200": set()},
    "get_session": {"200": set()},
    "list_api_keys": {"200": {"Cache-Control"}},
    "rotate_api_key": {"200": {"Cache-Control"}},
    "revoke_api_key": {"200": {"Cache-Control"}},
    "create_api_key": {"201": {"Cache-Control"}},
    "get_push_key": {"200": {"Cache-Control"}},
    "ask_for_push": {"200": {"Cache-Control"}},
    "withdraw_push": {"204": {"Cache-Control"}},
    "list_devices": {"200": {"Cache-Control"}},
    "ask_for_all_pushes": {"200": {"Cache-Control"}},
    "forget_device": {"204": {"Cache-Control"}},
    "get_preferences": {"200": {"Cache-Control"}},
    "set_preferences": {"200": {"Cache-Control"}},
    "list_webhooks": {"200": {"Cache-Control"}},
    "create_webhook": {"201": {"Cache-Control"}},
    "rotate_webhook": {"200": {"Cache-Control"}},
    "enable_webhook": {"200": {"Cache-Control"}},
    "test_webhook": {"200": {"Cache-Control"}},
    "list_deliveries": {"200": {"Cache-Control"}},
    "replay_delivery": {"204": {"Cache-Control"}},
    "delete_webhook": {"204": {"Cache-Control"}},
}


#: All that a service may have.
SETTINGS = Settings.model_validate({"auth": "open", "key_management": True, "webhooks": []} | PUSHING)


def gateway(**more: Any) -> Gateway:
    settings = GatewaySettings(auth="open")
    return Gateway(celery_application(CelerySettings()), settings=settings, **more)


def shop(live: Gateway) -> FastAPI:
    """Somebody's application, which has said of itself what it is to say."""
    host = FastAPI(
        title="A shop",
        servers=[{"url": "https://shop.example"}],
        license_info={"name": "none", "url": "https://shop.example/licence"},
    )
    host.include_router(live.router, prefix="/live")
    return host


def alone() -> Document:
    return gateway().asgi().openapi()


def included() -> Document:
    return shop(gateway()).openapi()


def service() -> Document:
    return create_app(SETTINGS).openapi()


def operations(document: Document) -> dict[str, Any]:
    """The operations by their names."""
    found = [each for path in document["paths"].values() for each in path.values()]
    return {operation["operationId"]: operation for operation in found}


every_document = pytest.mark.parametrize("document", [alone, included, service])


class TestEachDocument:
    @every_document
    def test_is_one_that_a_linter_finds_nothing_in(
        self, document: Callable[[], Document], tmp_path: Path
    ) -> None:
        path = tmp_path / "openapi.json"
        path.write_text(json.dumps(document()))
        assert complaints(path) == ""

    @every_document
    def test_has_the_operations_by_the_same_names(self, document: Callable[[], Document]) -> None:
        assert set(operations(document())) == set(SERVICE if document is service else GATEWAY)

    @every_document
    def test_has_examples_that_fit(self, document: Callable[[], Document]) -> None:
        tried = 0
        found = document()
        for schema, example in examples(found):
            faults = Draft202012Validator(schema | {"components": found["components"]}).iter_errors(example)
            assert [fault.message for fault in faults] == []
            tried += 1
        assert tried > 20

    def test_has_the_version_of_the_package(self) -> None:
        assert alone()["info"]["version"] == service()["info"]["version"] == __version__


def examples(document: Document) -> Iterator[tuple[Document, Any]]:
    for schema in document["components"]["schemas"].values():
        for example in schema.get("examples", ()):
            yield schema, example
    for operation in operations(document).values():
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                for named in content.get("examples", {}).values():
                    yield content["schema"], named["value"]
                if "example" in content:
                    yield content["schema"], content["example"]


class TestAnswers:
    def test_each_operation_says_what_can_go_wrong(self) -> None:
        assert {name: _codes(each) for name, each in operations(service()).items()} == SERVICE

    def test_the_code_of_a_problem_is_one_of_those_that_are_named(self) -> None:
        for operation in operations(service()).values():
            codes = {
                code for schema in problem_schemas(operation) for code in schema["properties"]["code"]["enum"]
            }
            assert codes == _codes(operation)

    def test_each_problem_has_the_one_schema(self) -> None:
        for operation in operations(service()).values():
            for schema in problem_schemas(operation):
                assert set(schema["properties"]) == set(ProblemBody.model_fields)

    def test_each_success_has_its_headers(self) -> None:
        found = {
            name: {
                status: set(answer.get("headers", {}))
                for status, answer in operation["responses"].items()
                if int(status) < 400
            }
            for name, operation in operations(service()).items()
        }
        assert found == SUCCESS

    def test_each_refusal_has_the_headers_of_its_status(self) -> None:
        for operation in operations(service()).values():
            for status, header in (("401", "WWW-Authenticate"), ("429", "Retry-After")):
                answer = operation["responses"].get(status)
                assert answer is None or set(answer["headers"]) == {header}

    def test_each_has_a_schema_or_no_body(self) -> None:
        for operation in operations(service()).values():
            for status, answer in operation["responses"].items():
                assert ("content" in answer) == (status not in ("204", "304"))
                assert all(content["schema"] for content in answer.get("content", {}).values())

    def test_events_come_in_two_forms(self) -> None:
        answer = operations(alone())["get_task_events"]["responses"]["200"]
        assert set(answer["content"]) == {"application/json", "text/event-stream"}


class TestParameters:
    @pytest.mark.parametrize(("parameter", "name"), [("types", "state"), ("states", "SUCCESS")])
    def test_as_many_names_are_described_as_are_taken(self, parameter: str, name: str) -> None:
        for operation in ("get_task_events", "get_feed_events"):
            parameters = operations(alone())[operation]["parameters"]
            (schema,) = (each["schema"] for each in parameters if each["name"] == parameter)
            most = ",".join([name] * MAX_NAMES)
            assert Draft202012Validator(schema).is_valid(most)
            assert not Draft202012Validator(schema).is_valid(f"{most},{name}")
            assert Filter.asked(**{"types": None, "states": None, parameter: most}) is not None
            with pytest.raises(ValueError, match=parameter):
                Filter.asked(**{"types": None, "states": None, parameter: f"{most},{name}"})


def problem_schemas(operation: Document) -> Iterator[Document]:
    for status, answer in operation["responses"].items():
        for media_type, content in answer["content"].items() if int(status) >= 400 else ():
            assert media_type == MEDIA_TYPE or (media_type, status) in FILE_RANGES
            if media_type == MEDIA_TYPE:
                yield content["schema"]


#: What is wrong with a `Range` Starlette says, in words.
FILE_RANGES = {("text/plain", "400"), ("text/plain", "416")}


READING = frozenset({"token", "cookie", "ticket"})
ASKED = {
    **dict.fromkeys(("get_task", "get_task_events", "get_task_tree", "get_task_file", "get_report"), READING),
    **dict.fromkeys(("create_task_ticket", "set_task_cookie"), READING),
    **dict.fromkeys(("get_feed", "get_feed_events", "create_feed_ticket", "set_feed_cookie"), READING),
    "get_schema": READING,
    **dict.fromkeys(("cancel_task", *PUSH, *WEBHOOKS, *PREFERENCES), frozenset({"token"})),
    **dict.fromkeys(KEYS, frozenset({"api_key"})),
    **dict.fromkeys(
        ("create_report", "create_report_batch", "create_year_report", "create_images", "create_text"),
        frozenset({"token", "api_key"}),
    ),
    **dict.fromkeys(("get_liveness", "get_readiness", "get_session", "get_push_key"), frozenset()),
}


class TestSecurity:
    def test_each_operation_says_what_it_asks_for(self) -> None:
        asked = {
            name: frozenset(scheme for each in operation["security"] for scheme in each)
            for name, operation in operations(service()).items()
        }
        assert asked == ASKED

    def test_the_schemes_are_those_that_the_gateway_reads(self) -> None:
        schemes = service()["components"]["securitySchemes"]
        assert {name: (each["type"], each.get("in"), each.get("name")) for name, each in schemes.items()} == {
            "token": ("http", None, None),
            "cookie": ("apiKey", "cookie", "__Secure-taskbeam"),
            "ticket": ("apiKey", "query", "ticket"),
            "api_key": ("apiKey", "header", "X-API-Key"),
        }

    def test_an_application_that_says_who_asks_has_its_own(self) -> None:
        """Without keys there are no tokens, and nothing that stands for one."""

        async def identify(session: Annotated[str | None, Depends(APIKeyCookie(name="session"))]) -> Identity:
            return Identity.for_owner(str(session))

        document = shop(gateway(identify=identify)).openapi()
        assert set(document["components"]["securitySchemes"]) == {"APIKeyCookie"}
        for name, operation in operations(document).items():
            public = ("get_liveness", "get_readiness", "get_push_key")
            assert bool(operation["security"]) == (name not in public)


def fetch(app: FastAPI, path: str, root_path: str = "") -> httpx.Response:
    """What the application answers, without a server; its lifespan does not run."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
            return await client.get(root_path + path)  # as servers tell it

    return asyncio.run(ask())


class TestServed:
    """Where the document is, it says where the gateway is."""

    @pytest.mark.parametrize(
        ("root_path", "mounted", "server"),
        [("", "", "/"), ("", "/live", "/live"), ("/outer", "", "/outer"), ("/outer", "/live", "/outer/live")],
    )
    def test_by_a_gateway_alone(self, root_path: str, mounted: str, server: str) -> None:
        app = gateway().asgi()
        if mounted:
            app, inner = FastAPI(openapi_url=None), app
            app.mount(mounted, inner)
        document = fetch(app, f"{mounted}/openapi.json", root_path).json()
        assert document["servers"] == [{"url": server}]
        assert document["paths"] == alone()["paths"]

    def test_by_the_service(self) -> None:
        app = create_app(SETTINGS)
        document = fetch(app, "/openapi.json", "/outer").json()
        assert document == service() | {"servers": [{"url": "/outer"}]}

    def test_an_application_that_includes_the_router_has_its_own(self) -> None:
        app = shop(gateway())
        document = fetch(app, "/openapi.json").json()
        assert document["info"]["title"] == "A shop"
        assert set(document["paths"]) == {f"/live{path}" for path in alone()["paths"]}

    def test_an_application_with_two_has_the_document_of_one(self) -> None:
        """As docs/mounting.md says: with both, the names of their operations would be there twice."""
        app = shop(gateway())
        app.include_router(gateway().router, prefix="/second", include_in_schema=False)
        assert app.openapi() == shop(gateway()).openapi()
        both = shop(gateway())
        both.include_router(gateway().router, prefix="/second")
        with pytest.warns(UserWarning, match="Duplicate Operation ID"):
            both.openapi()

    @pytest.mark.parametrize("mounted", ["", "/live"])
    def test_the_other_document_is_beside_it(self, mounted: str) -> None:
        app = gateway().asgi()
        if mounted:
            app, inner = FastAPI(openapi_url=None), app
            app.mount(mounted, inner)
        answer = fetch(app, f"{mounted}/asyncapi.yaml")
        assert answer.text.startswith("# What comes over")
        assert answer.headers["content-type"] == "application/yaml"


def _codes(operation: Document) -> set[str]:
    """The codes that an operation's description names: each stands between backquotes."""
    found: set[str] = set()
    for answer in operation["responses"].values():
        if MEDIA_TYPE in answer.get("content", {}):
            codes = answer["description"].split("`")[1::2]
            assert codes, answer
            found.update(codes)
    return found
