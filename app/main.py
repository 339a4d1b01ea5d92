"""The application: settings in, FastAPI out."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from taskbeam.gateway.auth import caller, senders
from taskbeam.gateway.gateway import Gateway
from taskbeam.gateway.http import browser_safety as browser
from taskbeam.gateway.http import dashboard, docs, files, health, sockets, tasks, tickets
from taskbeam.gateway.http import problem_details as problems
from taskbeam.gateway.http.static_files import Files
from taskbeam.gateway.limits.body import BodyLimit

from . import images, reports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from taskbeam.gateway.auth.policy import Authorize
    from taskbeam.gateway.settings import Settings


logger = logging.getLogger(__name__)

OPEN = """
    ****************************************************************************
    TASKBEAM_AUTH=open: whoever reaches %s:%s sends tasks, and reads and
    cancels every task whose id they know. This is for development.
    ****************************************************************************
"""


def create_app(
    settings: Settings,
    *,
    authorize: Authorize | None = None,
    identify: Callable[..., Any] | None = None,
    identify_sender: Callable[..., Any] | None = None,
) -> FastAPI:
    """Make the gateway's application. It connects to Redis when its lifespan begins.

    ``authorize`` replaces the policy; ``identify`` and ``identify_sender`` are FastAPI dependencies of the
    application's own, which return an `Identity` (or None) and a `Sender`. Raises `KeyConfigurationError`.
    """
    gateway = Gateway(settings, authorize)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if settings.auth == "open":
            logger.warning(OPEN, settings.host, settings.port)
        async with gateway.running():
            yield

    app = FastAPI(
        title="Taskbeam",
        summary="Every Celery job, live in the browser.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.gateway = gateway
    if identify is not None:
        app.dependency_overrides[caller.identify] = identify
    if identify_sender is not None:
        app.dependency_overrides[senders.identify_sender] = identify_sender
    problems.install(app)
    uploads = {"/images": settings.max_upload_bytes}
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes, larger=uploads)
    browser.install(app, settings.allowed_origins)
    for room in (tasks, tickets, files, sockets, reports, images, health, docs):
        app.include_router(room.router)
    if settings.dashboard:
        app.include_router(dashboard.router)
    if settings.auth == "open" or settings.public_files:
        app.mount("/files", Files(directory=settings.files_dir, check_dir=False), name="files")
    # Not mounted at "/": a mount there would take the wrong methods of the routes above, and answer them 404.
    app.router.default = Files(directory=settings.frontend_dir, html=True, check_dir=False)
    return app
