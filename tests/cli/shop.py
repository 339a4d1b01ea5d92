"""An application of somebody's own, with a gateway below /live."""

from __future__ import annotations

import os

from celery import Celery
from fastapi import FastAPI, Request

from taskbeam.gateway import Gateway, Identity
from taskbeam.gateway.server.detach import EXTENSION


def celery_app() -> Celery:
    return Celery(
        "shop",
        broker=os.environ["TASKBEAM_BROKER_URL"],
        backend=os.environ["TASKBEAM_RESULT_BACKEND"],
        set_as_current=False,
    )


async def ada() -> Identity:
    return Identity.for_owner("ada")


def create_app() -> FastAPI:
    app = FastAPI()
    app.mount("/live", Gateway(celery_app(), identify=ada).asgi())

    @app.get("/detachable")
    async def detachable(request: Request) -> bool:
        return EXTENSION in request.scope.get("extensions", {})

    @app.get("/root_path")
    async def root_path(request: Request) -> str:
        return str(request.scope["root_path"])

    return app


def __getattr__(name: str) -> FastAPI | Celery:
    """``tests.cli.shop:app`` and ``:celery``: made when a process asks for them, not at import."""
    if name == "app":
        return create_app()
    if name == "celery":
        return celery_app()
    raise AttributeError(name)
