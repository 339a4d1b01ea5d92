"""An application's documents have the types for whom it knows, and answer everybody, whatever fails."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from stack.valkey import Valkey
from taskbeam import Payloads
from taskbeam.gateway import CelerySettings, Gateway, GatewaySettings, Identity, celery_application
from tests.support.journal import Journals
from tests.support.results import control, results_at

from .reading import ASYNCAPI, OPENAPI

both = pytest.mark.parametrize("path", [OPENAPI, ASYNCAPI])

#: The component of the one task that has registered anything.
NAME = "who.is.told--result"


class TaskEvent(BaseModel):
    """An application's own, which is called as ours."""

    name: str


@pytest.fixture(autouse=True)
def published(journals: Journals) -> Iterator[None]:
    journals.redis.delete(control().schemas)  # the worker of another module has published there
    journals.redis.hset(control().schemas, "who.is.told", Payloads(result=int).schema("who.is.told"))
    yield
    journals.redis.hdel(control().schemas, "who.is.told")


def gateway(valkey: Valkey, **more: Any) -> Gateway:
    celery = CelerySettings(broker_url=valkey.url(0), result_backend=f"taskbeam+{results_at(valkey.url(1))}")
    settings = GatewaySettings(auth="open", allowed_hosts=("shop.example",), redis_timeout=60)
    return Gateway(celery_application(celery), settings=settings, watch_signals=False, **more)


def asked(app: FastAPI, live: Gateway, path: str, **given: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with live.lifespan(), httpx.AsyncClient(transport=transport) as client:
            return await client.get(path, **{"headers": {}, **given})

    return asyncio.run(ask())


def identify(connection: HTTPConnection) -> Identity | None:
    match connection.headers.get("x-who"):
        case None:
            return None
        case "stranger":
            raise HTTPException(302, headers={"Location": "/login"})
        case "fails":
            raise LookupError("no such table")
        case who:
            return Identity.for_owner(who)


class TestIdentify:
    @both
    def test_says_for_whom_they_are(self, valkey: Valkey, path: str) -> None:
        live = gateway(valkey, identify=identify)
        answer = asked(live.asgi(), live, f"http://shop.example{path}", headers={"X-Who": "ada"})
        assert NAME in answer.text

    @both
    @pytest.mark.parametrize("who", [{}, {"X-Who": "stranger"}, {"X-Who": "fails"}])
    def test_may_not_know_or_fail(
        self, valkey: Valkey, path: str, who: dict[str, str], caplog: pytest.LogCaptureFixture
    ) -> None:
        live = gateway(valkey, identify=identify)
        with caplog.at_level(logging.INFO, "taskbeam"):
            answer = asked(live.asgi(), live, f"http://shop.example{path}", headers=who)
        assert answer.status_code == 200
        assert "TaskEvent" in answer.text
        assert "who.is.told" not in answer.text
        assert ("no such table" in caplog.text) == ("fails" in who.values())


class TestWhereItIs:
    @both
    def test_in_a_gateway_that_is_mounted(self, valkey: Valkey, path: str) -> None:
        live = gateway(valkey)
        app = FastAPI()
        app.mount("/live", live.asgi())
        assert NAME in asked(app, live, f"http://shop.example/live{path}").text
        assert NAME not in asked(app, live, f"http://shop.example{OPENAPI}").text

    def test_in_an_application_that_has_events_of_its_own(self, valkey: Valkey) -> None:
        live = gateway(valkey)
        app = FastAPI(openapi_url=None)
        app.include_router(live.router, prefix="/live")
        app.include_router(live.docs_router, prefix="/live")

        @app.get("/event")
        async def event() -> TaskEvent:
            raise NotImplementedError

        schemas = asked(app, live, f"http://shop.example/live{OPENAPI}").json()["components"]["schemas"]
        typed = {name for name, schema in schemas.items() if "allOf" in schema} - {"TaskEvent--payloads"}
        assert typed == {"taskbeam__gateway__http__event_models__TaskEvent", "TaskSnapshot"}
        assert NAME in schemas

    def test_not_in_a_document_without_events(self, valkey: Valkey) -> None:
        live = gateway(valkey)
        app = FastAPI(openapi_url=None)
        app.include_router(live.router, include_in_schema=False)
        app.include_router(live.docs_router)
        document = asked(app, live, f"http://shop.example{OPENAPI}").json()
        assert document == app.openapi() | {"servers": [{"url": "/"}]}

    @both
    def test_not_for_a_page_whose_name_was_rebound(self, valkey: Valkey, path: str) -> None:
        live = gateway(valkey)
        app = FastAPI(openapi_url=None)
        app.include_router(live.router)
        app.include_router(live.docs_router)
        assert NAME in asked(app, live, f"http://shop.example{path}").text
        answer = asked(app, live, f"http://evil.example{path}")
        assert answer.status_code == 200
        assert NAME not in answer.text


class TestRedisAway:
    @both
    def test_they_answer_all_the_same(self, valkey: Valkey, path: str) -> None:
        live = gateway(valkey)
        unreachable = CelerySettings(
            broker_url="redis://127.0.0.1:1/0", result_backend="taskbeam+redis://127.0.0.1:1/1"
        )
        away = Gateway(celery_application(unreachable), settings=live.settings, watch_signals=False)
        answer = asked(away.asgi(), away, f"http://shop.example{path}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-cache"
        assert "TaskEvent" in answer.text
        assert NAME not in answer.text
