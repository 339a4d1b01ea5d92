"""What one running gateway is made of: its connections to Redis, its followers, and its background work."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING

from taskbeam.background.tasks import BackgroundTasks
from taskbeam.celery.external_entries import lost_result
from taskbeam.celery.journal_backend import JournalBackend
from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.connections.journal import JournalSettings, journal_backend, journal_redis
from taskbeam.follow.connections import appender_to, exchange_with, feeds_by, journals_by, subscriber_of
from taskbeam.follow.hub import Hub
from taskbeam.follow.missing import MissingJournals
from taskbeam.follow.position_check import PositionCheck
from taskbeam.gateway.auth.guard import Guard
from taskbeam.gateway.connections.broker import redis_broker
from taskbeam.gateway.connections.broker_check import BrokerCheck
from taskbeam.gateway.dashboard.dashboard import Dashboard
from taskbeam.gateway.delivery.heartbeat import Heartbeats
from taskbeam.gateway.delivery.polling import Polling
from taskbeam.gateway.delivery.traced_ends import TracedEnds
from taskbeam.gateway.environment import unknown_variables
from taskbeam.gateway.feeds.polling import FeedPolling
from taskbeam.gateway.jobs.broker import Broker
from taskbeam.gateway.jobs.cancelling import Canceller
from taskbeam.gateway.jobs.idempotency import IdempotencyKeys
from taskbeam.gateway.jobs.revoking import Revoker
from taskbeam.gateway.jobs.sending import TaskSender
from taskbeam.gateway.jobs.token_uses import TokenUses
from taskbeam.gateway.limits.portions import Portions
from taskbeam.gateway.metrics.port import MetricsPort
from taskbeam.gateway.metrics.surroundings import Surroundings
from taskbeam.gateway.notification_extras import notification_extras
from taskbeam.gateway.quotas.quota import Quota
from taskbeam.gateway.quotas.quotas import Quotas
from taskbeam.gateway.shutdown import LAST_PATIENCE, Shutdown, SignalWatch
from taskbeam.gateway.startup import warn_of_what_is_wrong
from taskbeam.journal.reader import JournalReader
from taskbeam.presence.watchdog import Watchdog
from taskbeam.queues.audience import Audience
from taskbeam.queues.watch import QueueWatch
from taskbeam.stock.reader import StockReader
from taskbeam.stock.watcher import StockWatcher

if TYPE_CHECKING:
    from celery import Celery

    from taskbeam.follow.cluster_subscriber import ClusterSubscriber
    from taskbeam.follow.subscriber import Subscriber
    from taskbeam.gateway.auth.feed_access import AuthorizeFeed
    from taskbeam.gateway.auth.policy import Authorize
    from taskbeam.gateway.auth.tokens import Tokens
    from taskbeam.gateway.http.paths import Paths
    from taskbeam.gateway.metrics.exposition import Exposition
    from taskbeam.gateway.notifications import Notifications
    from taskbeam.gateway.quotas.quotas import QuotaOf
    from taskbeam.gateway.settings import GatewaySettings
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import JournalNames
    from taskbeam.measures.measures import Measures

#: Bytes of a replay that are written to a client at once. One that does not read holds up no more than this,
#: beside what its transport takes before it pauses; and there may be thousands of them.
PIECE = 32 * 1024


class Runtime:
    """The parts of one gateway in one event loop. Made without a connection; works from `start` to `stop`.

    What needs Redis and the broker alone, such as `sender`, also works before `start`.
    """

    def __init__(
        self,
        celery_app: Celery,
        settings: GatewaySettings,
        tokens: Tokens | None,
        authorize: Authorize | None,
        paths: Paths,
        measures: Measures,
        quota_of: QuotaOf | None = None,
        authorize_feed: AuthorizeFeed | None = None,
        *,
        open_to_all: bool,
    ) -> None:
        """Everything about Redis and the journals comes from ``celery_app``.

        ``tokens`` is None where only the application itself says who asks; ``authorize`` and
        ``authorize_feed`` replace the policy, and ``quota_of`` the settings' quota. ``measures`` is where
        all of it is counted.
        Raises `CeleryConfigurationError`.
        """
        self.settings = settings
        self.paths = paths
        self.measures: Measures = measures
        backend = journal_backend(celery_app, stock=settings.stock)
        journals = JournalSettings.of(backend)
        self.sharded = journals.options.sharded
        #: The names of what belongs to no task.
        self.control = journals.control
        self.redis = journal_redis(backend, settings.redis_timeout)
        self.connection: Exchange = exchange_with(self.redis, settings.redis_timeout, measures.redis)
        self.stock = self._heard(journals) if settings.stock else None
        self.journal = self._reader(journals.names, settings.max_replay_bytes)
        self.heartbeats = Heartbeats(settings.heartbeat)
        self.portions = Portions()
        self.shutdown = Shutdown()
        self.shutdown.when_told(partial(self.connection.hurry, LAST_PATIENCE))
        self.audience = Audience()
        self.hub: Hub = Hub(
            self._reader(journals.names, PIECE),
            self.audience,
            MissingJournals(settings.lost_after),
            journals.names,
            TracedEnds(self.connection).delivered,
            self.stock,
            measures.following,
        )
        self.subscriber: Subscriber | ClusterSubscriber = subscriber_of(
            self.redis, self.hub, sharded=self.sharded, traffic=measures.redis
        )
        self.hub.attach(self.subscriber)
        self.position_check = PositionCheck(self.hub, self.journal, settings.heartbeat, sharded=self.sharded)
        self.appender = appender_to(self.redis, self.connection)
        self.guard = Guard(
            settings,
            tokens,
            self.redis,
            self.control,
            self.journal,
            journals.names,
            authorize,
            authorize_feed,
            open_to_all=open_to_all,
            counts=measures.clients,
        )
        self.polling = Polling(
            self.hub,
            self.journal,
            self.audience,
            self.shutdown,
            settings.redis_timeout,
            settings.max_wait,
        )
        reader = feeds_by(self.connection, self.journal, journals.names, settings.max_replay_bytes)
        has_feeds = not (self.sharded and journals.names.kind.beside_control)
        self.feeds = FeedPolling(reader, self.polling, journals.key_prefix, has_feeds=has_feeds)
        self.broker = Broker(celery_app, settings.redis_timeout)
        revoker = Revoker(backend, self.appender)
        self.quotas = Quotas(
            self.redis, self.control, self.connection, self.hub.keys, Quota.of(settings), quota_of
        )
        self.sender = TaskSender(
            self.broker,
            revoker,
            IdempotencyKeys(self.redis, self.control),
            TokenUses(self.redis, self.control),
            self.quotas,
            JournalReader(self.connection),
            self.hub.keys,
            settings.redis_timeout,
            measures.sent,
            None if isinstance(celery_app.backend, JournalBackend) else self.stock,
        )
        self.canceller = Canceller(self.broker, revoker, self.redis, self.appender, self.polling)
        self.broker_check = BrokerCheck(celery_app, settings.redis_timeout)
        self.watchdog = Watchdog(
            self.redis,
            self.appender,
            self.control,
            journals.names.kind,
            settings.lost_after,
            lease=journals.options.lease,
            lost_result=partial(lost_result, backend) if settings.fail_lost_tasks else None,
            found=measures.found,
        )
        self.queues = QueueWatch(
            self.redis,
            self.appender,
            self.control,
            self.audience,
            interval=settings.waiting_interval,
            no_consumer_after=settings.no_consumer_after,
            journals=self.connection if self.sharded else None,
        )
        self.notifications = self._notifications() if settings.notifies else None
        self.webhooks = self.notifications.webhooks if self.notifications is not None else None
        self.push = self.notifications.push if self.notifications is not None else None
        self.preferences = self.notifications.preferences if self.notifications is not None else None
        sees_queues = settings.dashboard or settings.shows_metrics
        self._redis_broker = redis_broker(celery_app, settings.redis_timeout) if sees_queues else None
        self.dashboard = Dashboard(
            celery_app,
            settings,
            redis=self.redis,
            control=self.control,
            exchange=self.connection,
            names=journals.names,
            appender=self.appender,
            feeds=self.feeds,
            broker=self.broker,
            redis_broker=self._redis_broker,
            revoker=revoker,
            sender=self.sender,
            kept=measures.history,
            # What a proxy before a cluster hears is not what all tasks tell.
            publishes=settings.dashboard and backend.watches_runs,
        )
        self.metrics = self._exposition() if settings.shows_metrics else None
        self.background: BackgroundTasks = BackgroundTasks()
        #: Whether the background work goes on, or has.
        self.started = False
        self._signals: SignalWatch | None = None

    def start(self, *, watch_signals: bool) -> None:
        """Begin the background work in the running event loop; see `Gateway` for ``watch_signals``."""
        self.started = True
        if watch_signals:
            begin = partial(self.shutdown.begin, self.settings.drain)
            self._signals = SignalWatch(asyncio.get_running_loop(), begin)
            self._signals.start()
        keep, tokens = self.background.keep, self.guard.tokens
        keep("subscriber", self.subscriber.run)
        if self.stock is not None:
            keep("Celery's results", self.stock.run)
        if self.notifications is not None:
            sends = self.settings.send_notifications
            keep("notifications", self.notifications.run, until_it_returns=not sends)
        keep("heartbeats", self.heartbeats.run)
        keep("position check", self.position_check.run)
        keep("watchdog", partial(self.watchdog.run, self.settings.watchdog_interval))
        keep("queue watch", self.queues.run)
        keep("token expiry", self.guard.expire_tokens)
        if not self.guard.open:
            keep("revocations", self.guard.poll_revocations)
            counting = partial(self.guard.census.run, self.shutdown)
            keep("connections of all gateways", counting, until_it_returns=True)
        if tokens is not None and tokens.issuers and not self.guard.open:
            keep("keys of other issuers", tokens.issuers.run)
        self.dashboard.start(self.background)
        if self.metrics is not None and self.settings.metrics_port is not None:
            port = MetricsPort(self.metrics.page, self.settings.metrics_host, self.settings.metrics_port)
            keep("metrics port", port.run)
        self.background.once("start-up checks", self._warn)

    async def stop(self) -> None:
        """End the background work, and close the connections to Redis."""
        if self._signals is not None:
            self._signals.stop()
        if self.shutdown.begun:
            await self.shutdown.told.wait()
        self.shutdown.begin()
        await self.background.stop()
        if self.started and not self.guard.open:
            await self.guard.census.withdraw()
        if self.stock is not None:
            self.stock.close()
        await self.guard.access.close()
        await self.dashboard.close()
        if self._redis_broker is not None:
            await self._redis_broker.redis.aclose()
        self.broker.close()
        if self.notifications is not None:
            await self.notifications.close()
        await self.appender.aclose()
        await self.connection.aclose()
        await self.redis.aclose()

    def _heard(self, journals: JournalSettings) -> StockWatcher:
        """Who hears Celery's own results. Raises `CeleryConfigurationError`."""
        if self.sharded:
            raise CeleryConfigurationError(
                "TASKBEAM_STOCK hears results that Celery's own backend has stored, and that can store none "
                "on a Redis Cluster (sharded). Unset TASKBEAM_STOCK, and give the workers Taskbeam's backend."
            )
        return StockWatcher(
            self.redis,
            self.connection,
            journals.key_prefix,
            journals.limits,
            journals.options.public_errors,
        )

    def _reader(self, names: JournalNames, max_bytes: int) -> JournalReader:
        if self.stock is None:
            return journals_by(self.connection, names, max_bytes)
        timeout = self.settings.redis_timeout
        return StockReader(self.connection, self.stock, names.prefix, timeout, max_bytes)

    def _exposition(self) -> Exposition:
        # Only who wants it needs its library.
        from taskbeam.gateway.metrics.exposition import Exposition

        return Exposition(self, Surroundings(self.redis, self.control, self._redis_broker))

    def _notifications(self) -> Notifications:
        if self.sharded and self.hub.keys("").beside_control:
            raise CeleryConfigurationError(
                "TASKBEAM_WEBHOOKS and TASKBEAM_VAPID_KEY do not work with `sharded` behind a proxy. "
                "Use taskbeam+rediscluster://…, or unset them."
            )
        with notification_extras():
            from taskbeam.gateway.notifications import Notifications
        settings = self.settings
        return Notifications(
            self.redis,
            self.connection,
            self.control,
            self.hub.keys,
            settings.webhooks,
            settings.vapid,
            settings.webhook_networks,
            settings.critical_tasks,
            self.measures.notified,
            sends=settings.send_notifications,
        )

    async def _warn(self) -> None:
        unknown = unknown_variables(os.environ, type(self.settings).model_fields, only_misspelt=True)
        await warn_of_what_is_wrong(self.redis, self.control, self.broker, self.broker_check, unknown)
