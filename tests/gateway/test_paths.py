"""A gateway knows its own addresses, however an application has it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest
from celery import Celery
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request  # noqa: TC002  # FastAPI reads it
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from taskbeam.gateway import BodyLimit, Gateway, GatewaySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp


@pytest.fixture(scope="module")
def live() -> Gateway:
    jobs = Celery(broker="memory://", backend="taskbeam+redis://", set_as_current=False)
    return Gateway(jobs, settings=GatewaySettings(auth="open"))


def telling(live: Gateway) -> Callable[[Request], PlainTextResponse]:
    """A route's function: where the gateway is, for whoever asks."""

    def where(request: Request) -> PlainTextResponse:
        return PlainTextResponse(live.paths.prefix(request))

    return where


def told(app: ASGIApp, path: str, root_path: str = "") -> str:
    async def ask() -> str:
        transport = httpx.ASGITransport(app, root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get(path)).raise_for_status().text

    return asyncio.run(ask())


def included(live: Gateway, prefix: str) -> FastAPI:
    """The gateway's routes, and one of the application's own beside them."""
    together = APIRouter()
    together.include_router(live.router)
    together.add_api_route("/of/{task_id}", telling(live))
    app = FastAPI()
    app.include_router(together, prefix=prefix)
    return app


def mounted(live: Gateway, path: str, what: ASGIApp) -> Starlette:
    return Starlette(routes=[Route("/{tenant}/jobs", telling(live)), Mount(path, what)])


@pytest.mark.parametrize(
    ("prefix", "asked", "found"),
    [
        ("", "/of/7", ""),
        ("/live", "/live/of/7", "/live"),
        ("/{tenant}/live", "/shop/live/of/7", "/shop/live"),
        ("/{tenant:int}/{place}", "/12/live/of/7", "/12/live"),
        ("/{tenant}/live", "/a%20b;%E6%97%A5@c/live/of/7", "/a%20b%3B%E6%97%A5@c/live"),
    ],
)
def test_included(live: Gateway, prefix: str, asked: str, found: str) -> None:
    app = included(live, prefix)
    assert told(app, asked) == found
    assert told(app, f"/api{asked}", "/api") == f"/api{found}"


def test_mounted_for_a_route_of_its_own(live: Gateway) -> None:
    """As the gateway's routes see it."""
    inner = live.asgi()
    inner.add_route("/of/7", telling(live))
    assert told(mounted(live, "/{tenant}/live", inner), "/shop/live/of/7") == "/shop/live"
    assert told(mounted(live, "/live", GZipMiddleware(inner)), "/api/live/of/7", "/api") == "/api/live"


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda app: app,
        GZipMiddleware,
        lambda app: GZipMiddleware(BodyLimit(app, 1)),
        lambda app: Starlette(routes=[Mount("", app, middleware=[Middleware(GZipMiddleware)])]),
    ],
)
def test_mounted_for_a_route_of_the_application_around_it(
    live: Gateway, wrapped: Callable[[ASGIApp], ASGIApp]
) -> None:
    app = mounted(live, "/{tenant}/live", wrapped(live.asgi()))
    assert told(app, "/shop/jobs") == "/shop/live"
    assert live.paths.prefix_in(GZipMiddleware(app)) == "/{tenant}/live"


def test_mounted_as_a_bare_router(live: Gateway) -> None:
    bare = APIRouter(routes=[Route("/of/7", telling(live))])
    bare.include_router(live.router)
    app = FastAPI()
    app.mount("/live", bare)
    assert told(app, "/live/of/7") == "/live"
    assert told(app, "/api/live/of/7", "/api") == "/api/live"


def test_beside_a_mounted_application_that_sends_tasks(live: Gateway) -> None:
    app = included(live, "/{tenant}/live")
    app.mount("/{tenant}/shop", Starlette(routes=[Route("/jobs", telling(live))]))
    assert told(app, "/ada/shop/jobs") == "/ada/live"


def test_below_a_parameter_that_the_request_has_not(live: Gateway) -> None:
    app = included(live, "/{tenant}/live")
    app.add_route("/jobs", telling(live))
    with pytest.raises(LookupError, match=r"below /\{tenant\}/live .* has no tenant"):
        told(app, "/jobs")


def test_in_what_does_not_say_what_it_wraps(live: Gateway) -> None:
    inner = live.asgi()
    app = mounted(live, "/live", lambda scope, receive, send: inner(scope, receive, send))
    with pytest.raises(LookupError, match="has to keep it as its `app`"):
        told(app, "/shop/jobs")
