"""The gateway, as an application uses it: it sends tasks, and lets their owners follow them live."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from fastapi import APIRouter, Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

from taskbeam.gateway.auth.identity import FOLLOW, Identity
from taskbeam.gateway.auth.keys import KeyConfigurationError, key_set
from taskbeam.gateway.auth.tokens import Tokens
from taskbeam.gateway.dependencies import dependencies, socket_problems
from taskbeam.gateway.http import browser_files, cancel, docs, files, health, sockets, tasks, tickets
from taskbeam.gateway.http.browser_safety import CORS
from taskbeam.gateway.http.paths import MARKED_PATH, Paths
from taskbeam.gateway.http.problem_details import install_problems
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.jobs.accepted import Accepted, accepted_response
from taskbeam.gateway.runtime import Runtime
from taskbeam.gateway.settings import GatewaySettings
from taskbeam.gateway.shortcut.shortcut import StreamShortcut
from taskbeam.journal.labels import Labels

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

    from celery import Celery
    from celery.result import AsyncResult
    from starlette.requests import HTTPConnection
    from starlette.responses import Response

    from taskbeam.gateway.auth.identity import Action
    from taskbeam.gateway.auth.policy import Authorize
    from taskbeam.gateway.jobs.sending import SentTask
    from taskbeam.journal.history import History

logger = logging.getLogger(__name__)

#: Those of this process, so that a server finds the one that an application has.
_gateways: WeakSet[Gateway] = WeakSet()

OPEN = """
    ****************************************************************************
    TASKBEAM_AUTH=open: whoever reaches this gateway sends tasks, and reads and
    cancels every task whose id they know. This is for development.
    ****************************************************************************
"""


class Gateway:
    """Follow Celery tasks live, in an application of your own.

    Include `router` in a FastAPI application, or mount what `asgi` makes in any ASGI application. Nothing is
    connected before the application starts, or, where its lifespan does not run, before its first request.

    Args:
        celery_app: the application whose tasks are followed. Everything about Redis, the journals and the
            broker comes from its configuration; its result backend is to be `taskbeam+redis://…` or a
            relative.
        settings: what a deployment chooses; by default read from `TASKBEAM_…` environment variables.
        identify: a FastAPI dependency that says who asks: it returns an `Identity`, or None where the
            request's own Taskbeam token, ticket or cookie is to say so. It serves HTTP and WebSocket alike,
            so it takes an `HTTPConnection` where it needs the request. Without it, clients need a token.
        authorize: ``authorize(identity, action, task) -> bool``, asked on the event loop; it replaces the
            rule that a task is its owner's, its group's, or the token's.
        identify_sender: a FastAPI dependency that returns the `Sender` for `sender`.
        watch_signals: hear SIGTERM and SIGINT before the server does, to end streams at once:
            servers wait for open connections before they tell an application that they stop. The server's
            own handlers run, too.

    Raises:
        KeyConfigurationError: `settings` ask for tokens, and there are no keys to verify them, or bad ones.
    """

    def __init__(
        self,
        celery_app: Celery,
        *,
        settings: GatewaySettings | None = None,
        identify: Callable[..., Any] | None = None,
        authorize: Authorize | None = None,
        identify_sender: Callable[..., Any] | None = None,
        watch_signals: bool = True,
    ) -> None:
        self.celery_app = celery_app
        self.settings = settings or GatewaySettings()
        self._authorize = authorize
        self._watch_signals = watch_signals
        self._identify = identify
        self._open = identify is None and self.settings.auth == "open"
        self._tokens = self._make_tokens()
        self._dependencies = dependencies(
            self.start, identify, identify_sender, tokens=self._tokens is not None
        )
        self.paths = Paths()
        self._running: tuple[asyncio.AbstractEventLoop, Runtime] | None = None
        self.router = self._make_router()
        _gateways.add(self)

    @property
    def running(self) -> Runtime | None:
        """What runs now, in whichever event loop."""
        return self._running[1] if self._running is not None else None

    # For the application's own routes.

    @property
    def caller(self) -> Callable[..., Any]:
        """A FastAPI dependency: who makes the request, as a `Caller`."""
        return self._dependencies.caller

    @property
    def sender(self) -> Callable[..., Any]:
        """A FastAPI dependency: who sends a task by the request, as a `Sender`."""
        return self._dependencies.sender

    async def send(
        self,
        name: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        owner: str | None = None,
        tags: Sequence[str] = (),
        title: str | None = None,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> SentTask:
        """Send a task without holding up the event loop; its id is known to the gateway by then.

        Args:
            name: the task's name, as the workers know it.
            args: positional arguments of the task.
            kwargs: keyword arguments of the task.
            owner: whose the task is: the owner may follow and cancel it.
            tags: more labels, each a line of at most 255 characters.
            title: what people call this task.
            idempotency_key: a second call with the same key, name and owner returns the first one's task,
                for a day.
            options: further options of `Celery.send_task`, such as ``queue``, ``countdown`` or ``headers``.

        Raises:
            TaskbeamError: ``unavailable`` (503) when the broker is away, ``bad_idempotency_key`` (400),
                ``idempotency_conflict`` (409) when the key was used with other arguments.
            redis.exceptions.RedisError: Redis is away.
        """
        labels = Labels(owner=owner, tags=tuple(tags), title=title)
        return await self.start().sender.send(name, args, kwargs or {}, labels, idempotency_key, options)

    def accepted(self, request: HTTPConnection, task: SentTask) -> Response:
        """The answer to whoever asked for a task: 202 with ``Location`` and an `Accepted` as its body.

        Raises `LookupError` where the application that answers ``request`` does not have this gateway.
        """
        return accepted_response(self._accepted(request, task.id, task.owner))

    def follow(self, request: HTTPConnection, result: AsyncResult[Any], owner: str | None = None) -> Accepted:
        """The id, token and URLs of a task that the application sent by itself (`delay`, `apply_async`).

        The token is for ``owner``. Raises `LookupError`, see `accepted`.
        """
        return self._accepted(request, result.id, owner)

    def token_for(self, task_id: str, actions: Collection[Action] = FOLLOW, owner: str | None = None) -> str:
        """Sign a token that is good for ``actions`` on one task, for `TASKBEAM_TOKEN_LIFETIME` seconds.

        ``owner`` is whom it is about: revoking the owner revokes it. Raises `KeyConfigurationError` where the
        gateway has no keys.
        """
        if self._tokens is None:
            raise KeyConfigurationError(
                "This gateway has no keys to sign a token with. Set TASKBEAM_TOKEN_KEYS (taskbeam keys new)."
            )
        identity = Identity(subject=owner, scopes=frozenset(actions), tasks=(task_id,))
        return self._tokens.issue(identity)

    async def snapshot(self, task_id: str) -> History:
        """A task's newest snapshot, and where its journal stands. Nobody is asked whether they may.

        Raises `TaskbeamError` ``unknown_task`` or ``expired``; redis-py's errors.
        """
        return await self.start().polling.snapshot(task_id)

    # How an application has it.

    def asgi(self) -> FastAPI:
        """Make an application of the gateway alone, to be served, or mounted in another one.

        It also has the API's documents, under ``/docs``.
        """
        app = FastAPI(**docs.DOCUMENT)
        install_problems(app)
        if self.settings.allowed_origins:
            app.add_middleware(CORSMiddleware, allow_origins=list(self.settings.allowed_origins), **CORS)
        app.include_router(self.router)
        app.include_router(docs.router)
        return app

    @asynccontextmanager
    async def lifespan(self, _: object = None) -> AsyncIterator[None]:
        """Start the gateway, and stop it in the end. `router` and `asgi` bring this with them."""
        self.start()
        try:
            yield
        finally:
            await self.stop()

    def start(self) -> Runtime:
        """Start the gateway in this event loop, unless it runs there already. It connects in the background.

        Raises `CeleryConfigurationError`, which says what is to be changed.
        """
        loop = asyncio.get_running_loop()
        if self._running is None or self._running[0] is not loop:
            if self._open:
                logger.warning(OPEN)
            runtime = Runtime(
                self.celery_app,
                self.settings,
                self._tokens,
                self._authorize,
                self.paths,
                open_to_all=self._open,
            )
            runtime.start(watch_signals=self._watch_signals)
            self._running = loop, runtime
        return self._running[1]

    async def stop(self) -> None:
        """End the background work, and close the connections to Redis."""
        running, self._running = self._running, None
        if running is not None and running[0] is asyncio.get_running_loop():
            await running[1].stop()

    def shortcut(self, app: object) -> StreamShortcut | None:
        """For Taskbeam's own server: what answers plain requests for streams without ASGI.

        ``app`` is the application that is served. None where the gateway is not at its root, or
        where the application itself is to be asked who makes a request.
        """
        if self._identify is not None or self.paths.prefix_in(app) != "":
            return None
        return StreamShortcut(self.start, self.settings)

    def _make_tokens(self) -> Tokens | None:
        if self._identify is not None and self.settings.token_keys is None:
            return None
        return Tokens(
            key_set(self.settings),
            self.settings.token_audience,
            self.settings.token_lifetime,
            self.settings.max_token_lifetime,
        )

    def _make_router(self) -> APIRouter:
        router = APIRouter(lifespan=self.lifespan, route_class=GatewayRoute)
        router.add_api_route(MARKED_PATH, health.alive, name=self.paths.marker, **health.ALIVE)
        bind, caller = Depends(self._dependencies.bind), Depends(self._dependencies.caller)
        for asking in (tasks.router, tickets.router, files.router):
            router.include_router(asking, dependencies=[bind, caller])
        router.include_router(cancel.router, dependencies=[bind, Depends(self._dependencies.token_caller)])
        router.include_router(sockets.router, dependencies=[Depends(socket_problems), bind, caller])
        for public in (health.router, browser_files.router):
            router.include_router(public, dependencies=[bind])
        return router

    def _accepted(self, request: HTTPConnection, task_id: str, owner: str | None) -> Accepted:
        token = self.token_for(task_id, owner=owner) if self._tokens is not None else None
        return Accepted(task_id=task_id, token=token, urls=self.paths.task(request, task_id))


def gateway_in(app: object) -> Gateway | None:
    """The gateway that an application includes or mounts; None where it has none, or is no Starlette one."""
    return next((gateway for gateway in _gateways if gateway.paths.prefix_in(app) is not None), None)
