"""Browsers ask an application whether pages of allowed sites may speak with it: it is told if it is mute."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from celery import Celery
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from taskbeam.gateway import Gateway, GatewaySettings, install_browser_safety

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

SHOP = "https://shop.example"


class OwnCors(CORSMiddleware):
    """Of an application that has its reasons."""


def gateway(*allowed: str) -> Gateway:
    jobs = Celery(broker="memory://", backend="taskbeam+redis://", set_as_current=False)
    live = Gateway(jobs, settings=GatewaySettings(auth="tokens", allowed_origins=allowed), identify=nobody)
    live.start = lambda: None  # type: ignore[assignment,method-assign,return-value]  # nothing is to connect
    return live


def nobody() -> None:
    """Leaves it to tokens."""


def warnings_of(live: Gateway, app: ASGIApp | None, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is said when the application starts."""

    async def start() -> None:
        async with live.lifespan(app):
            pass

    caplog.set_level(logging.WARNING)
    asyncio.run(start())
    return [record.getMessage() for record in caplog.records]


def included(live: Gateway) -> FastAPI:
    app = FastAPI()
    app.include_router(live.router, prefix="/jobs")
    return app


def with_cors(live: Gateway) -> FastAPI:
    app = included(live)
    app.add_middleware(OwnCors, allow_origins=[SHOP])
    return app


def with_browser_safety(live: Gateway) -> FastAPI:
    app = included(live)
    install_browser_safety(app, live.settings.allowed_origins, live.hosts)
    return app


@pytest.mark.parametrize(
    "application", [included, lambda live: Starlette(routes=[Mount("/jobs", included(live))])]
)
def test_an_application_that_answers_no_preflights_is_told(
    application: Callable[[Gateway], ASGIApp], caplog: pytest.LogCaptureFixture
) -> None:
    live = gateway(SHOP)
    (said,) = warnings_of(live, application(live), caplog)
    assert SHOP in said
    assert "install_browser_safety(app, live.settings.allowed_origins, live.hosts)" in said


@pytest.mark.parametrize(
    "application",
    [
        with_cors,
        with_browser_safety,
        Gateway.asgi,
        lambda live: Starlette(routes=[Mount("/jobs", live.asgi())]),
        lambda live: Starlette(routes=[Mount("/jobs", CORSMiddleware(included(live)))]),
        lambda live: Starlette(
            routes=[Mount("/jobs", included(live))], middleware=[Middleware(CORSMiddleware)]
        ),
        lambda live: None,  # it is not known  # noqa: ARG005
    ],
)
def test_no_other_is(
    application: Callable[[Gateway], ASGIApp | None], caplog: pytest.LogCaptureFixture
) -> None:
    live = gateway(SHOP)
    assert warnings_of(live, application(live), caplog) == []


def test_nor_is_one_that_lets_no_other_site_in(caplog: pytest.LogCaptureFixture) -> None:
    live = gateway()
    assert warnings_of(live, included(live), caplog) == []
