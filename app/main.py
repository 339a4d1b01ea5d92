"""The application: settings in, FastAPI out."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from . import problems
from .files import Files
from .gateway import Gateway
from .routes import dashboard, health, images, reports, sockets, tasks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Make the gateway's application. It connects to Redis when its lifespan begins."""
    gateway = Gateway(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with gateway.running():
            yield

    app = FastAPI(
        title="Taskbeam",
        summary="Every Celery job, live in the browser.",
        lifespan=lifespan,
    )
    app.state.gateway = gateway
    problems.install(app)
    for room in (tasks, sockets, reports, images, health):
        app.include_router(room.router)
    if settings.dashboard:
        app.include_router(dashboard.router)
    app.mount("/files", Files(directory=settings.files_dir, check_dir=False), name="files")
    # Not mounted at "/": a mount there would take the wrong methods of the routes above, and answer them 404.
    app.router.default = Files(directory=settings.frontend_dir, html=True, check_dir=False)
    return app
