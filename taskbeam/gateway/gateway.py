"""What the routes share: the hub, the journal, the heartbeats, and Celery as the sender of tasks."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Annotated, Any, cast

from celery import Celery
from fastapi import Depends
from starlette.requests import HTTPConnection

from taskbeam.celery.backend import JournalBackend
from taskbeam.celery.external_entries import lost_result
from taskbeam.follow.hub import Hub
from taskbeam.follow.subscriber import Subscriber
from taskbeam.gateway.auth.guard import Guard
from taskbeam.gateway.auth.policy import Authorize
from taskbeam.gateway.dashboard.publisher import DashboardPublisher
from taskbeam.gateway.delivery.heartbeat import Heartbeats
from taskbeam.gateway.jobs.idempotency import IdempotencyKeys
from taskbeam.gateway.redis_client import redis_client
from taskbeam.gateway.settings import Settings
from taskbeam.journal.appender import JournalAppender
from taskbeam.journal.pipelined_connection import PipelinedConnection
from taskbeam.journal.reader import JournalReader
from taskbeam.presence.watchdog import Watchdog
from taskbeam.queues.audience import Audience
from taskbeam.queues.watch import QueueWatch

#: Bytes of a replay that are written to a client at once. One that does not read holds up no more than this,
#: beside what its transport takes before it pauses; and there may be thousands of them.
PIECE = 32 * 1024


class Gateway:
    """Made without a connection; `running` keeps them."""

    def __init__(self, settings: Settings, authorize: Authorize | None = None) -> None:
        """``authorize`` replaces the policy. Raises `KeyConfigurationError`."""
        self.settings = settings
        self.redis = redis_client(settings)
        self.connection = PipelinedConnection(self.redis, settings.redis_timeout)
        self.journal = JournalReader(self.connection, settings.max_replay_bytes)
        self.heartbeats = Heartbeats(settings.heartbeat)
        self.audience = Audience()
        self.hub = Hub(JournalReader(self.connection, PIECE), self.audience, settings.key_prefix)
        self.subscriber = Subscriber(self.redis, self.hub, sharded=settings.sharded)
        self.hub.attach(self.subscriber)
        self.appender = JournalAppender(self.redis)
        self.guard = Guard(settings, self.redis, self.journal, authorize)
        self.idempotency = IdempotencyKeys(self.redis)
        self.celery = Celery(
            broker=settings.broker_url,
            backend=settings.result_backend,
            set_as_current=False,
            # Connecting is not tried again either: Kombu would do so for 6 seconds, and the client can.
            broker_transport_options={"max_retries": 0},
        )
        # What it tells of tasks has to arrive where the workers' events do.
        self.celery.conf.taskbeam_options = {"sharded": settings.sharded}
        self.watchdog = Watchdog(
            self.redis,
            settings.lost_after,
            lost_result=partial(lost_result, self.backend()) if settings.fail_lost_tasks else None,
            sharded=settings.sharded,
        )
        self.queues = QueueWatch(
            self.redis,
            self.audience,
            interval=settings.waiting_interval,
            no_consumer_after=settings.no_consumer_after,
        )

    def backend(self) -> JournalBackend:
        """Celery's result backend, of which each thread has its own."""
        return cast("JournalBackend", self.celery.backend)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the subscription and the heartbeats going."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.redis.aclose)
            stack.push_async_callback(self.connection.aclose)
            stack.push_async_callback(self.guard.access.close)
            watching = self.watchdog.run(self.settings.watchdog_interval)
            guarding = (self.guard.expire_tokens(), self.guard.poll_revocations())
            works = [self.subscriber.run(), self.heartbeats.run(), watching, self.queues.run(), *guarding]
            # What the dashboard counts, it counts on a single server.
            if self.settings.dashboard and not self.settings.sharded:
                works.append(DashboardPublisher(self.redis, self.appender, self.settings).run())
            for work in works:
                await stack.enter_async_context(_background(work))
            yield


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _gateway(connection: HTTPConnection) -> Gateway:
    # Async, or FastAPI would send each request through a thread for it.
    gateway: Gateway = connection.app.state.gateway
    return gateway


#: The gateway, as a parameter of a route.
GatewayDep = Annotated[Gateway, Depends(_gateway)]
