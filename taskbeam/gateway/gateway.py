"""The gateway, as an application uses it: it sends tasks, and lets their owners follow them live."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from fastapi import Depends, FastAPI

from taskbeam.gateway.auth.given import sign, tokens_of
from taskbeam.gateway.auth.identity import FOLLOW, READ_ONLY, Action, Identity
from taskbeam.gateway.auth.operators import RESERVED
from taskbeam.gateway.auth.revocation import revoke
from taskbeam.gateway.auth.shared_api_keys import SharedApiKeys
from taskbeam.gateway.dependencies import dependencies, sender_in
from taskbeam.gateway.documents.routes import documents_router
from taskbeam.gateway.http import browser_files, docs
from taskbeam.gateway.http.browser_safety import Sites, install_browser_safety
from taskbeam.gateway.http.hosts import allowed_hosts
from taskbeam.gateway.http.paths import Paths
from taskbeam.gateway.http.preflights import warn_of_preflights
from taskbeam.gateway.http.problem_details import install_problems
from taskbeam.gateway.jobs.accepted import Accepted, accepted_response
from taskbeam.gateway.jobs.account import Account
from taskbeam.gateway.jobs.permission import check_sender
from taskbeam.gateway.problems import INVALID_REQUEST, TaskbeamError
from taskbeam.gateway.routes import gateway_router
from taskbeam.gateway.runtime import Runtime
from taskbeam.gateway.runtimes import Runtimes
from taskbeam.gateway.settings import GatewaySettings
from taskbeam.gateway.shortcut.bare_application import is_bare
from taskbeam.gateway.shortcut.shortcut import StreamShortcut
from taskbeam.journal.feeds.names import FeedName
from taskbeam.journal.labels import Labels, label, listed
from taskbeam.measures.measures import Measures

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

    from celery import Celery
    from celery.result import AsyncResult
    from starlette.requests import HTTPConnection
    from starlette.responses import Response

    from taskbeam.gateway.auth.feed_access import AuthorizeFeed
    from taskbeam.gateway.auth.policy import Authorize
    from taskbeam.gateway.auth.senders import Sender
    from taskbeam.gateway.jobs.sending import SentTask
    from taskbeam.gateway.quotas.quota import Quota
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
            so it takes an `HTTPConnection` where it needs the request. Without it, clients need a token. It
            has `TASKBEAM_REDIS_TIMEOUT` to answer; after that the request gets 503 ``unavailable``.
        authorize: ``authorize(identity, action, task) -> bool``, asked on the event loop, so it neither waits
            nor is a coroutine function; it replaces the rule that a task is its owner's, its group's, or the
            token's. What it raises, or returns that is no bool, is a refusal: ``internal_error``. It is not
            asked about the dashboard, which is an identity's that has ``taskbeam.dashboard`` in its `tasks`.
        authorize_feed: ``authorize_feed(identity, feed) -> bool``, asked as `authorize` is, about reading the
            events of all tasks of a `FeedName`; it replaces the rule that a feed is its owner's. With
            `authorize` and without this, nobody reads a feed.
        identify_sender: a FastAPI dependency that returns the `Sender` for `sender`, within the same time.
        quota: ``quota(tenant) -> Quota | None``, asked on the event loop: what a tenant, such as
            ``owner:ada``, may take; None = what the settings allow.
        watch_signals: hear SIGTERM and SIGINT before the server does, to end streams at once:
            servers wait for open connections before they tell an application that they stop. The server's
            own handlers run, too.

    Raises:
        KeyConfigurationError: `settings` ask for tokens, and there are no keys to verify them; or a key, also
            one of the API keys, is weak or malformed.
    """

    def __init__(
        self,
        celery_app: Celery,
        *,
        settings: GatewaySettings | None = None,
        identify: Callable[..., Any] | None = None,
        authorize: Authorize | None = None,
        authorize_feed: AuthorizeFeed | None = None,
        identify_sender: Callable[..., Any] | None = None,
        quota: Callable[[str], Quota | None] | None = None,
        watch_signals: bool = True,
    ) -> None:
        self._quota = quota
        self.celery_app = celery_app
        self.settings = settings or GatewaySettings()
        self._authorize = authorize
        self._authorize_feed = authorize_feed
        self._watch_signals = watch_signals
        self._identify = identify
        self._open = identify is None and self.settings.auth == "open"
        self._tokens = tokens_of(self.settings, needed=identify is None)
        #: What the gateway answers to, for `install_browser_safety`.
        self.hosts = allowed_hosts(self.settings.allowed_hosts, open_to_all=self._open)
        self._sites = Sites(self.hosts, self.settings.allowed_origins)
        self._dependencies = dependencies(
            self.start,
            self._sites,
            self.settings.redis_timeout,
            identify,
            identify_sender,
            SharedApiKeys.of(self.settings),
            tokens=self._tokens is not None,
        )
        self.paths = Paths()
        #: What it counts, for the server that has it.
        self.measures = Measures.timed() if self.settings.shows_metrics else Measures()
        self._runtimes = Runtimes(self._runtime)
        self.router = gateway_router(
            self._dependencies,
            self.paths,
            self.lifespan,
            key_management=self.settings.key_management,
            metrics=self.settings.metrics,
            dashboard=self.settings.dashboard,
            push=self.settings.vapid_key is not None,
            webhooks=self.settings.webhooks is not None,
        )
        #: The routes of the API's documents, `/docs`, `/openapi.json` and `/asyncapi.yaml`. Those of `asgi`
        #: are among its routes already.
        self.docs_router = documents_router(self._dependencies)
        _gateways.add(self)

    @property
    def running(self) -> Runtime | None:
        """What was started, in whichever event loop."""
        return next((runtime for runtime in self._runtimes if runtime.started), None)

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
        sender: Sender | None = None,
        tags: Sequence[str] = (),
        title: str | None = None,
        idempotency_key: str | None = None,
        task_id: str | None = None,
        **options: Any,
    ) -> SentTask:
        """Send a task without holding up the event loop; its id is known to the gateway by then.

        Args:
            name: the task's name, as the workers know it.
            args: positional arguments of the task.
            kwargs: keyword arguments of the task.
            owner: whose the task is: the owner may follow and cancel it.
            sender: who sends it, as the dependency `sender` found out: what its key or token may send, and
                how often, is checked, and the job is taken from its quota. Without ``owner``, the task is
                this one's.
            tags: more labels, each a line of at most 255 characters.
            title: what people call this task.
            idempotency_key: a second call with the same key, name and owner returns the first one's task,
                for a day. Without an owner, keys are the ``sender``'s; without both, all calls share them.
            task_id: the task's id, one that nobody can guess; by default a new one. So an application can
                keep what it knows about a task before the task is sent. With an ``idempotency_key`` that was
                used before, the task that is returned has another id.
            options: further options of `Celery.send_task`, such as ``queue``, ``countdown`` or ``headers``.

        Raises:
            TaskbeamError: ``invalid_request`` (422) for an owner that is no line of 1 to 255 printable
                characters, for one text as the ``tags``, and for a ``task_id`` that is the gateway's own,
                ``forbidden`` (403) when the sender's key or token is not good for this task or its queue, or
                has sent as many as it may, ``unavailable`` (503) when the broker is away,
                ``bad_idempotency_key`` (400), ``idempotency_conflict`` (409) when the key was used with other
                arguments, ``too_many_jobs`` and ``rate_limited`` (429) when the sender's quota is used up.
            redis.exceptions.RedisError: Redis is away.
        """
        if task_id in RESERVED:
            raise TaskbeamError(INVALID_REQUEST, "The task's id is reserved.")
        if sender is not None:
            check_sender(self.celery_app, sender, name, options)
            owner = owner if owner is not None else sender.owner
        try:
            owner, tags = None if owner is None else label(owner), listed(tags)
        except ValueError as error:
            raise TaskbeamError(INVALID_REQUEST, f"The task's labels cannot be kept: {error}.") from None
        # As a worker reads them: a label never stops a task.
        labels = Labels.of_header({"owner": owner, "tags": tags, "title": title or None})
        account = Account.of(owner) if sender is None else Account.by(sender, owner)
        return await self._runtimes.here().sender.send(
            name, args, kwargs or {}, labels, account, idempotency_key, options, task_id
        )

    async def take_upload(self, sender: Sender, size: int) -> None:
        """Take ``size`` bytes from the sender's quota of uploads, before they are read or as they come.

        Raises `TaskbeamError` ``rate_limited`` (429); redis-py's errors.
        """
        if sender.tenant is not None:
            await self._runtimes.here().quotas.take_bytes(sender.tenant, size)

    def accepted(self, request: HTTPConnection, task: SentTask) -> Response:
        """The answer to whoever asked for a task: 202 with ``Location`` and an `Accepted` as its body.

        Its token reads and cancels the task. Where the request's sender (see `sender`) came with a token, a
        login of its own or an API key that has a name, the new token does no more than that may do, and is
        revoked and ends with it.
        Raises `LookupError` where the application that answers ``request`` does not have this gateway, and
        `ValueError` for a task whose id has a slash: nobody can follow it.
        """
        return accepted_response(self._accepted(request, task.id, task.owner))

    def follow(self, request: HTTPConnection, result: AsyncResult[Any], owner: str | None = None) -> Accepted:
        """The id, token and URLs of a task that the application sent by itself (`delay`, `apply_async`).

        The token is for ``owner``, and as that of `accepted`. Raises `LookupError`, see `accepted`.
        """
        return self._accepted(request, result.id, owner)

    def token_for(
        self,
        task_id: str,
        actions: Collection[Action] = FOLLOW,
        owner: str | None = None,
        source: Identity | None = None,
    ) -> str:
        """Sign a token that is good for ``actions`` on one task, for `TASKBEAM_TOKEN_LIFETIME` seconds.

        ``owner`` is whom it is about: revoking the owner revokes it. ``source`` is whom it comes of, such as
        what `Caller.require` returns: the token does nothing that the source may not do, ends no later, and
        is revoked with it. Raises `KeyConfigurationError` where the gateway has no keys, and `ValueError` for
        the dashboard's own id: such a token would be for every task.
        """
        if task_id in RESERVED:
            raise ValueError(f"{task_id} is no task of an application")
        follower = Identity(subject=owner, scopes=frozenset(actions), tasks=(task_id,))
        return sign(self._tokens, follower, owner, source)

    def token_for_feed(self, feed: str, owner: str | None = None, source: Identity | None = None) -> str:
        """Sign a token that reads one feed, such as ``tag:nightly``, for `TASKBEAM_TOKEN_LIFETIME` seconds.

        ``owner`` and ``source`` are as for `token_for`. Raises `ValueError` for what names no feed, and
        `KeyConfigurationError` where the gateway has no keys.
        """
        reader = Identity(subject=owner, scopes=READ_ONLY, feeds=(str(FeedName.parse(feed)),))
        return sign(self._tokens, reader, owner, source)

    async def revoke(self, *, tokens: Sequence[str] = (), owners: Sequence[str] = ()) -> None:
        """End what was given out, within a second on every gateway, live connections included.

        Args:
            tokens: ids of tokens (``jti``), or the `token_id` that your `identify` gives to a session, which
                then ends when somebody signs out; also the tokens of the tasks that it sent.
            owners: all tokens and identities about them that were issued until now.

        Raises:
            ValueError: one of them can be no owner, and nothing is revoked.
            redis.exceptions.RedisError: Redis is away, and nothing is revoked.
        """
        running, longest = self._runtimes.here(), self.settings.max_token_lifetime
        await revoke(running.redis, running.control, longest, tokens=tokens, owners=owners)

    async def forget_devices(self, owner: str) -> None:
        """Forget the browsers of an owner, which are told of ends by Web Push: who signs out everywhere, say.

        The owner's webhooks and preferences stay: they are about a person, and hold for the next browser.
        Raises `ValueError` for what can be no owner; redis-py's errors.
        """
        push = self._runtimes.here().push
        if push is not None:
            await push.devices.forget_all(label(owner))

    async def forget_owner(self, owner: str) -> None:
        """Forget whom to tell of an owner's ends, and of which: browsers, webhooks and preferences.

        For an account that is closed: whoever has the same name later is another person. Raises `ValueError`
        for what can be no owner; redis-py's errors.
        """
        notifications = self._runtimes.here().notifications
        if notifications is not None:
            await notifications.forget_owner(label(owner))

    async def snapshot(self, task_id: str) -> History:
        """A task's newest snapshot, and where its journal stands. Nobody is asked whether they may.

        Raises `TaskbeamError` ``unknown_task`` or ``expired``; redis-py's errors.
        """
        # Celery's own results are heard in the background.
        running = self.start() if self.settings.stock else self._runtimes.here()
        return await running.polling.snapshot(task_id)

    # How an application has it.

    def asgi(self) -> FastAPI:
        """Make an application of the gateway alone, to be served, or mounted in another one.

        It also has the API's documents, under ``/docs``, and ``/`` leads to the dashboard, where that is on.
        """
        app = FastAPI(**docs.DOCUMENT)
        install_problems(app)
        install_browser_safety(app, self.settings.allowed_origins, self.hosts)
        app.include_router(self.router)
        app.include_router(self.docs_router)
        needs = (self._dependencies.bind, self._dependencies.own_site)
        app.include_router(browser_files.front, dependencies=[Depends(each) for each in needs])
        return app

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """Start the gateway, and stop it in the end. `router` and `asgi` bring this with them."""
        way = self.paths.way_in(app)
        if way is not None:
            warn_of_preflights(way.passed, self.settings.allowed_origins)
        self.start()
        try:
            yield
        finally:
            await self.stop()

    def start(self) -> Runtime:
        """Start the gateway in this event loop, unless it runs there already. It connects in the background.

        Raises `CeleryConfigurationError`, which says what is to be changed.
        """
        runtime = self._runtimes.here()
        if not runtime.started:
            if self._open:
                logger.warning(OPEN)
            runtime.start(watch_signals=self._watch_signals)
        return runtime

    async def stop(self) -> None:
        """End the background work in this event loop, and close its connections to Redis."""
        await self._runtimes.stop()

    def shortcut(self, app: object) -> StreamShortcut | None:
        """For Taskbeam's own server: what answers plain requests for streams without ASGI.

        ``app`` is the application that is served. None where the gateway is not at its root, and where the
        application itself is to be asked: who makes a request, or by middleware or dependencies of its own.
        """
        if self._identify is not None or not is_bare(app, self.router, self._sites):
            return None
        return StreamShortcut(self.start, self.hosts, self.settings.allowed_origins)

    def _runtime(self) -> Runtime:
        return Runtime(
            self.celery_app,
            self.settings,
            self._tokens,
            self._authorize,
            self.paths,
            self.measures,
            self._quota,
            self._authorize_feed,
            open_to_all=self._open,
        )

    def _accepted(self, request: HTTPConnection, task_id: str, owner: str | None) -> Accepted:
        sender = sender_in(request)
        source = sender.source if sender is not None else None
        actions = FOLLOW if source is None else source.scopes - {Action.SEND}
        has_token = self._tokens is not None and bool(actions)
        token = self.token_for(task_id, actions, owner, source) if has_token else None
        return Accepted(task_id=task_id, token=token, urls=self.paths.task(request, task_id))


def gateway_in(app: object) -> Gateway | None:
    """The gateway that an application includes or mounts; None where it has none, or is no Starlette one."""
    return next((gateway for gateway in _gateways if gateway.paths.prefix_in(app) is not None), None)
