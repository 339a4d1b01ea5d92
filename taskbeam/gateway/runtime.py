"""What one running gateway is made of: its connections to Redis, its followers, and its background work."""

from __future__ import annotations

import asyncio
import logging
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from taskbeam.celery.external_entries import lost_result
from taskbeam.follow.hub import Hub
from taskbeam.follow.subscriber import Subscriber
from taskbeam.gateway.auth.guard import Guard
from taskbeam.gateway.connections.broker import redis_broker
from taskbeam.gateway.connections.broker_check import BrokerCheck
from taskbeam.gateway.connections.journal import JournalSettings, journal_backend, journal_redis
from taskbeam.gateway.dashboard.publisher import DashboardPublisher
from taskbeam.gateway.delivery.heartbeat import Heartbeats
from taskbeam.gateway.delivery.polling import Polling
from taskbeam.gateway.environment import unknown_variables
from taskbeam.gateway.jobs.broker import Broker
from taskbeam.gateway.jobs.cancelling import Canceller
from taskbeam.gateway.jobs.idempotency import IdempotencyKeys
from taskbeam.gateway.jobs.sending import TaskSender
from taskbeam.gateway.shutdown import Shutdown, SignalWatch
from taskbeam.gateway.startup import warn_of_what_is_wrong
from taskbeam.journal.appender import JournalAppender
from taskbeam.journal.pipelined_connection import PipelinedConnection
from taskbeam.journal.reader import JournalReader
from taskbeam.presence.watchdog import Watchdog
from taskbeam.queues.audience import Audience
from taskbeam.queues.watch import QueueWatch

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from celery import Celery

    from taskbeam.gateway.auth.policy import Authorize
    from taskbeam.gateway.auth.tokens import Tokens
    from taskbeam.gateway.http.paths import Paths
    from taskbeam.gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)

#: Bytes of a replay that are written to a client at once. One that does not read holds up no more than this,
#: beside what its transport takes before it pauses; and there may be thousands of them.
PIECE = 32 * 1024


#: Seconds until background work that did not end is cancelled once more.
CANCEL_AGAIN = 0.2


class Runtime:
    """The parts of one gateway in one event loop. Made without a connection; works from `start` to `stop`."""

    def __init__(
        self,
        celery_app: Celery,
        settings: GatewaySettings,
        tokens: Tokens | None,
        authorize: Authorize | None,
        paths: Paths,
        *,
        open_to_all: bool,
    ) -> None:
        """Everything about Redis and the journals comes from ``celery_app``.

        ``tokens`` is None where only the application itself says who asks; ``authorize`` replaces the policy.
        Raises `CeleryConfigurationError`.
        """
        self.settings = settings
        self.paths = paths
        backend = journal_backend(celery_app)
        journals = JournalSettings.of(backend)
        self.sharded = journals.options.sharded
        self.redis = journal_redis(backend, settings.redis_timeout)
        self.connection = PipelinedConnection(self.redis, settings.redis_timeout)
        self.journal = JournalReader(self.connection, settings.max_replay_bytes)
        self.heartbeats = Heartbeats(settings.heartbeat)
        self.shutdown = Shutdown()
        self.audience = Audience()
        self.hub = Hub(JournalReader(self.connection, PIECE), self.audience, journals.key_prefix)
        self.subscriber = Subscriber(self.redis, self.hub, sharded=self.sharded)
        self.hub.attach(self.subscriber)
        self.appender = JournalAppender(self.redis)
        self.guard = Guard(
            settings,
            tokens,
            self.redis,
            self.journal,
            journals.key_prefix,
            authorize,
            open_to_all=open_to_all,
        )
        self.polling = Polling(
            self.hub,
            self.journal,
            self.audience,
            self.shutdown,
            settings.redis_timeout,
            settings.max_wait,
        )
        broker = Broker(celery_app)
        self.sender = TaskSender(
            broker, IdempotencyKeys(self.redis), self.journal, self.hub.keys, settings.redis_timeout
        )
        self.canceller = Canceller(broker, self.redis, self.appender, self.polling)
        self.broker_check = BrokerCheck(celery_app, settings.redis_timeout)
        self.watchdog = Watchdog(
            self.redis,
            settings.lost_after,
            lost_result=partial(lost_result, backend) if settings.fail_lost_tasks else None,
            sharded=self.sharded,
        )
        self.queues = QueueWatch(
            self.redis,
            self.audience,
            interval=settings.waiting_interval,
            no_consumer_after=settings.no_consumer_after,
        )
        self._publisher = None
        # What the dashboard counts, it counts on a single server.
        if settings.dashboard and not self.sharded:
            queues = redis_broker(celery_app, settings.redis_timeout)
            self._publisher = DashboardPublisher(self.redis, self.appender, queues, journals.key_prefix)
        self._tasks: list[asyncio.Task[None]] = []
        self._signals: SignalWatch | None = None
        self._celery_app = celery_app

    def start(self, *, watch_signals: bool) -> None:
        """Begin the background work in the running event loop; see `Gateway` for ``watch_signals``."""
        if watch_signals:
            self._signals = SignalWatch(asyncio.get_running_loop(), self.shutdown.begin)
            self._signals.start()
        work: list[Coroutine[Any, Any, None]] = [
            self.subscriber.run(),
            self.heartbeats.run(),
            self.watchdog.run(self.settings.watchdog_interval),
            self.queues.run(),
            self.guard.expire_tokens(),
            self.guard.poll_revocations(),
            warn_of_what_is_wrong(
                self._celery_app,
                self.redis,
                self.broker_check,
                unknown_variables(os.environ, type(self.settings).model_fields, only_misspelt=True),
            ),
        ]
        if self._publisher is not None:
            work.append(self._publisher.run())
        self._tasks = [asyncio.create_task(each) for each in work]

    async def stop(self) -> None:
        """End the background work, and close the connections to Redis."""
        if self._signals is not None:
            self._signals.stop()
        self.shutdown.begin()
        running = set(self._tasks)
        while running:
            for task in running:
                task.cancel()
            # redis-py may lose a cancellation while it connects; then the task has to hear it again.
            _, running = await asyncio.wait(running, timeout=CANCEL_AGAIN)
        for task in self._tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                logger.error("Background work of the gateway failed: %r", error)
        await self.guard.access.close()
        await self.connection.aclose()
        await self.redis.aclose()
