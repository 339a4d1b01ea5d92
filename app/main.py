"""The service: the gateway, its own routes, and its page. It uses Taskbeam as any application would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from taskbeam import __version__
from taskbeam.gateway import (
    AllowedHosts,
    BodyLimit,
    Files,
    Gateway,
    celery_application,
    install_browser_safety,
    install_problems,
)

from .accounts.login import Login
from .development import development_router, kills_worker
from .images import images_router
from .mails.routes import mails_router
from .reports import reports_router
from .texts import texts_router
from .year import year_router

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from .accounts.routes import Channel
    from .mails.mailing import Mailing
    from .settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Make the application. It connects to Redis when its lifespan begins.

    Raises `KeyConfigurationError` where the settings ask for tokens and have no good keys.
    """
    mailing = _mailing(settings)
    if mailing is not None:
        settings = mailing.joined(settings)
    login = Login(
        settings.accounts_db,
        everybody=settings.auth == "open",
        operators=settings.everybody_operates,
        tells=_tells(settings),
        kills=kills_worker(settings),
        dashboard=settings.dashboard,
    )
    live = Gateway(celery_application(settings), settings=settings, **login.for_gateway())
    app = FastAPI(
        title="Taskbeam",
        summary="Every Celery job, live in the browser.",
        version=__version__,
        license_info={"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        servers=[{"url": "/"}],
        openapi_url=None,  # the gateway has it, below every prefix
        docs_url=None,
        redoc_url=None,
    )
    app.state.gateway = live
    install_problems(app)
    app.add_middleware(
        BodyLimit, limit=settings.max_body_bytes, larger={"/images": settings.max_upload_bytes}
    )
    install_browser_safety(app, settings.allowed_origins, _hosts(live, settings))
    app.include_router(live.router)
    app.include_router(live.docs_router)
    app.include_router(year_router(live))
    app.include_router(reports_router(live, mailing))
    app.include_router(images_router(live, settings))
    app.include_router(texts_router(live))
    if mailing is not None:
        app.include_router(mails_router(live, mailing))
    app.include_router(login.router(live))
    if kills_worker(settings):
        app.include_router(development_router())
    _serve_files(app, settings)
    return app


def _mailing(settings: Settings) -> Mailing | None:
    if settings.mail_webhook is None:
        return None
    from .mails.mailing import Mailing  # it loads SQLAlchemy, which nothing else here needs

    return Mailing(settings, settings.mail_webhook)


def _tells(settings: Settings) -> tuple[Channel, ...]:
    channels: dict[Channel, object] = {"push": settings.vapid_key, "webhook": settings.webhooks}
    return tuple(channel for channel, configured in channels.items() if configured is not None)


def _hosts(live: Gateway, settings: Settings) -> AllowedHosts:
    """Where everybody may do something, none but names that nobody else can have mean this address.

    A gateway sees to that itself, unless an application says who asks.
    """
    if settings.accounts_db is None or settings.auth != "open" or settings.allowed_hosts is not None:
        return live.hosts
    hosts = AllowedHosts(("localhost", "*.localhost"), addresses=True)
    hosts.listens_on(settings.host)
    return hosts


def _serve_files(app: FastAPI, settings: Settings) -> None:
    folder = settings.frontend_dir
    page = Files(directory=folder, check_dir=False, packed=True)

    async def index(request: Request) -> Response:
        return await page.get_response("index.html", request.scope)

    app.add_route("/", index, include_in_schema=False)
    app.mount("/page", Files(directory=folder / "page", check_dir=False, hashed=True, packed=True))
    if settings.serves_files:
        app.mount("/files", Files(directory=settings.files_dir, check_dir=False, private=True), name="files")
