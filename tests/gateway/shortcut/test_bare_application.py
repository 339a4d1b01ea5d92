"""Whoever is guarded by an application of one's own has no shortcut past it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Host

from app.main import create_app
from app.settings import Settings
from taskbeam.gateway import AllowedHosts, BodyLimit, Gateway, GatewaySettings, install_browser_safety
from taskbeam.gateway.gateway import gateway_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

SHOP = "https://shop.example"

BACKEND = "taskbeam+redis://"


class Guard:
    """ASGI middleware of an application's own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


def nobody() -> None:
    raise HTTPException(403)


async def answer(task_id: str = "") -> str:
    return task_id


def gateway() -> Gateway:
    jobs = Celery(broker="memory://", backend=BACKEND, set_as_current=False)
    return Gateway(jobs, settings=GatewaySettings(auth="open", allowed_origins=(SHOP,)))


@pytest.fixture(scope="module")
def live() -> Gateway:
    return gateway()


def with_middleware(live: Gateway) -> FastAPI:
    app = live.asgi()
    app.add_middleware(Guard)
    return app


def with_other_cors(live: Gateway) -> FastAPI:
    app = including(live)
    app.add_middleware(CORSMiddleware, allow_origins=[SHOP])
    return app


def with_other_origins(live: Gateway) -> FastAPI:
    app = including(live)
    install_browser_safety(app, [], live.hosts)
    return app


def with_other_hosts(live: Gateway) -> FastAPI:
    app = including(live)
    install_browser_safety(app, [SHOP], AllowedHosts(["shop.example"]))
    return app


def with_a_dependency(live: Gateway) -> FastAPI:
    app = FastAPI(dependencies=[Depends(nobody)])
    app.include_router(live.router)
    return app


def including(live: Gateway, **how: Any) -> FastAPI:
    app = FastAPI()
    app.include_router(live.router, **how)
    return app


def with_a_guarded_router(live: Gateway) -> FastAPI:
    guarded = APIRouter(dependencies=[Depends(nobody)])
    guarded.include_router(live.router)
    app = FastAPI()
    app.include_router(guarded)
    return app


def with_what_is_overridden(live: Gateway) -> FastAPI:
    app = including(live)
    app.dependency_overrides[live.caller] = nobody
    return app


def with_a_route_in_front(live: Gateway, path: str = "/tasks/{task_id}/events") -> FastAPI:
    app = FastAPI()
    app.add_api_route(path, answer)
    app.include_router(live.router)
    return app


def with_a_host_in_front(live: Gateway) -> FastAPI:
    app = including(live)
    app.router.routes.insert(0, Host("shop.example", app=Guard(live.asgi())))
    return app


def with_a_mount_in_front(live: Gateway) -> FastAPI:
    app = FastAPI()
    app.mount("/", Guard(live.asgi()))
    app.include_router(live.router)
    return app


def with_another_stack(live: Gateway) -> FastAPI:
    """As OpenTelemetry's instrumentation does it."""
    app = live.asgi()
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: Guard(build())  # type: ignore[method-assign]
    return app


class OfItsOwn(FastAPI):
    """May do anything with a request."""


def of_its_own(live: Gateway) -> FastAPI:
    app = OfItsOwn()
    app.include_router(live.router)
    return app


@pytest.mark.parametrize(
    "application",
    [
        with_middleware,
        with_other_cors,
        with_other_origins,
        with_other_hosts,
        with_a_dependency,
        lambda live: including(live, dependencies=[Depends(nobody)]),
        with_a_guarded_router,
        with_what_is_overridden,
        with_a_route_in_front,
        lambda live: with_a_route_in_front(live, "/tasks/secret/events"),
        lambda live: with_a_route_in_front(live, "/{rest:path}"),
        with_a_host_in_front,
        with_a_mount_in_front,
        with_another_stack,
        of_its_own,
        lambda live: Guard(live.asgi()),
        lambda live: including(live, prefix="/live"),
    ],
)
def test_what_may_keep_a_request_back_is_asked(
    live: Gateway, application: Callable[[Gateway], ASGIApp]
) -> None:
    assert live.shortcut(application(live)) is None


def test_what_adds_nothing_is_passed_by(live: Gateway) -> None:
    limited = including(live)
    limited.add_middleware(BodyLimit, limit=1)
    install_browser_safety(limited, [SHOP])
    for app in (live.asgi(), including(live), limited, with_a_route_in_front(live, "/orders/{task_id}")):
        assert live.shortcut(app) is not None


def test_of_two_gateways_the_first_one_is_asked(live: Gateway) -> None:
    second = gateway()
    app = including(live)
    app.include_router(second.router)
    assert live.shortcut(app) is not None
    assert second.shortcut(app) is None


@pytest.mark.parametrize("settings", [{}, {"allowed_origins": [SHOP]}])
def test_the_sample_is_passed_by(settings: dict[str, Any]) -> None:
    configured = {"auth": "open", "broker_url": "memory://", "result_backend": BACKEND, **settings}
    app = create_app(Settings(**configured))
    found = gateway_in(app)
    assert found is not None
    assert found.shortcut(app) is not None
