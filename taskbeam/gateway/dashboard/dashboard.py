"""What a gateway's dashboard is made of: what operators see and do, and what keeps their list and history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.gateway.dashboard.again import RunAgain
from taskbeam.gateway.dashboard.canvas import Canvases
from taskbeam.gateway.dashboard.details import TaskDetails
from taskbeam.gateway.dashboard.journals import JournalRows
from taskbeam.gateway.dashboard.pauses import Pauses
from taskbeam.gateway.dashboard.publisher import DASHBOARD, DashboardPublisher
from taskbeam.gateway.dashboard.queue_control import QueueControl
from taskbeam.gateway.dashboard.sent_to import SentTo
from taskbeam.gateway.dashboard.sources import sources_of
from taskbeam.gateway.dashboard.task_index import TaskIndex
from taskbeam.gateway.dashboard.task_list import TaskList
from taskbeam.gateway.jobs.consumers import Consumers

if TYPE_CHECKING:
    from collections import Counter

    from celery import Celery
    from redis.asyncio import Redis

    from taskbeam.background.tasks import BackgroundTasks
    from taskbeam.gateway.connections.broker import RedisBroker
    from taskbeam.gateway.feeds.polling import FeedPolling
    from taskbeam.gateway.history.history import History
    from taskbeam.gateway.history.keeper import HistoryKeeper
    from taskbeam.gateway.jobs.broker import Broker
    from taskbeam.gateway.jobs.revoking import Revoker
    from taskbeam.gateway.jobs.sending import TaskSender
    from taskbeam.gateway.settings import GatewaySettings
    from taskbeam.journal.appender import JournalAppender
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import JournalNames


class Dashboard:
    """Of one gateway. Made without a connection; works from `start` to `close`.

    - ``task_list``: the operators' list of tasks; ``task_details``: what is known of one; ``canvases``: the
      tasks that belong to one.
    - ``run_again``, ``queue_control``: what operators do to tasks, and to queues.
    """

    def __init__(
        self,
        celery_app: Celery,
        settings: GatewaySettings,
        *,
        redis: Redis,
        control: ControlKeys,
        exchange: Exchange,
        names: JournalNames,
        appender: JournalAppender,
        feeds: FeedPolling,
        broker: Broker,
        redis_broker: RedisBroker | None,
        revoker: Revoker,
        sender: TaskSender,
        kept: Counter[str],
        publishes: bool,
    ) -> None:
        """``settings`` say how much is kept and shown, and whether there is a history.

        Args:
            celery_app: whose queues and workers they are.
            settings: of the gateway.
            redis: the client that `journal_redis` made.
            control: the names of what belongs to no task.
            exchange: what `exchange_with` made of the client.
            names: of the tasks.
            appender: writes the dashboard's own journal.
            feeds: tells which tasks belong together.
            broker: of the application.
            redis_broker: the same, if that is Redis.
            revoker: ends the tasks that are purged.
            sender: sends those that are run again.
            kept: where rows of the history are counted, as `Measures.history`.
            publishes: whether this gateway may be the one that keeps the list.
        """
        keeps, hidden = settings.dashboard_keeps, settings.dashboard_hidden
        source, reads = sources_of(redis, control, exchange, names)
        rows = JournalRows(reads, names, DASHBOARD, hidden)
        sent_to = SentTo(reads, names, control, celery_app)
        self._history = None if settings.history is None else _history(settings, kept)
        self._publisher: DashboardPublisher | None = None
        self._keeper: HistoryKeeper | None = None
        if publishes:
            owes = self._history is not None
            index = TaskIndex(redis, control, rows, settings.dashboard_tasks, keeps, owes=owes)
            self._publisher = DashboardPublisher(redis, control, appender, redis_broker, names, source, index)
            if self._history is not None:
                self._keeper = _keeper(settings, self._history, redis, control, reads, names)
        self.task_list = TaskList(redis, control, hidden, self._history)
        elsewhere = {"log": settings.dashboard_log_url, "trace": settings.dashboard_trace_url}
        self.task_details = TaskDetails(
            reads, names, self.task_list, rows, sent_to, hidden, elsewhere, self._history
        )
        self.canvases = Canvases(reads, names, feeds, rows)
        self.run_again = RunAgain(redis, control, self.task_details, sent_to, sender, keeps)
        self.queue_control = QueueControl(
            celery_app,
            broker,
            redis_broker,
            revoker,
            rows,
            Consumers(celery_app, broker),
            Pauses(redis, control),
        )

    def start(self, background: BackgroundTasks) -> None:
        """Keep the list and the history, where this gateway does that, until the background work ends."""
        if self._publisher is not None:
            background.keep("dashboard", self._publisher.run)
        if self._keeper is not None:
            background.keep("history", self._keeper.run)

    async def close(self) -> None:
        """Close the history's database. The background work has ended."""
        if self._history is not None:
            await self._history.close()


def _history(settings: GatewaySettings, kept: Counter[str]) -> History:
    # Only who wants it needs its library.
    from taskbeam.gateway.history.history import history_at

    assert settings.history is not None
    return history_at(settings.history.get_secret_value(), kept)


def _keeper(
    settings: GatewaySettings,
    history: History,
    redis: Redis,
    control: ControlKeys,
    reads: Any,
    names: JournalNames,
) -> HistoryKeeper:
    from taskbeam.gateway.history.keeper import HistoryKeeper, lease_of
    from taskbeam.gateway.history.owed import Owed

    return HistoryKeeper(
        history,
        Owed(redis, control),
        lease_of(redis, control),
        reads,
        names,
        room=settings.dashboard_tasks,
        seconds=settings.history_keeps,
        hidden=settings.dashboard_hidden,
    )
