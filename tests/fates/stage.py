"""A server, an application and its journals: where a test sends tasks and sees what is told of them."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import aclosing, asynccontextmanager, contextmanager
from copy import copy
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

import redis
from kombu import Producer

from stack.valkey import Valkey
from taskbeam.connections.journal import journal_backend, journal_redis
from taskbeam.follow.connections import appender_to, exchange_with
from taskbeam.journal.events import Record
from taskbeam.presence.judgement import Judgement
from taskbeam.presence.watchdog import Swept, Watchdog
from taskbeam.testing.story import word
from tests.support.asyncapi import check
from tests.support.closing import close_app
from tests.support.gateway import Gateway, gateway
from tests.support.redis_cluster import wanted_cluster
from tests.support.waiting import DEADLINE, wait_until
from tests.support.worker import hears_broadcasts, worker

from .jobs import GATES, fates_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from celery.canvas import Signature
    from redis.asyncio import Redis

    from stack.process import ManagedProcess
    from taskbeam.celery.journal_backend import JournalBackend
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import TaskKeys
    from tests.support.redis_cluster import Cluster

Event = dict[str, Any]

T = TypeVar("T")

#: A broker that delivers soon what a dead worker did not acknowledge; times in seconds.
REDELIVERY: dict[str, Any] = {
    "broker_transport_options": {
        "visibility_timeout": 1,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        # A worker that is killed while it looks for such messages keeps others from it for so long.
        "unacked_mutex_expire": 1,
    }
}

#: Workers whose death is noticed soon, for tests in which some die, and nobody looks while others work.
SHORT_LIVED: dict[str, Any] = {"taskbeam_options": {"lease": 1.5}}

#: Those that must not be taken for dead because the machine is busy and they are slow.
LONG_LIVED: dict[str, Any] = {"taskbeam_options": {"lease": 60}}


class Stage:
    """One server with the tasks of `tests.fates.jobs`. ``crew``: how many workers there are all the time."""

    def __init__(
        self,
        valkey: Valkey,
        conf: dict[str, Any] | None = None,
        broker: Valkey | None = None,
        amqp: str | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        """``valkey`` has the journals; and messages and gates too, without a ``broker`` of their own.

        ``amqp``: the URL of another broker, for the messages alone. ``cluster``: has the journals instead.
        """
        self.valkey = valkey
        self.route = "celery"
        self.crew = 0
        self._workers = count(1)
        gates = (broker or valkey).url(0)
        self.conf = (conf or {}) | ({GATES: gates} if amqp else {})
        self.broker = amqp or gates
        self.backend = "taskbeam+" + (cluster.url() if cluster else valkey.url(1))
        self.app = fates_app(self.broker, self.backend, self.conf)
        self.queue = redis.Redis.from_url(gates)
        self.redis: Any = cluster.client() if cluster else redis.Redis.from_url(valkey.url(1))
        self.judgement = Judgement()

    @property
    def results(self) -> JournalBackend:
        """Where the application has its results."""
        return journal_backend(self.app)

    @property
    def control(self) -> ControlKeys:
        """The names of what belongs to no task."""
        return self.results.control

    def keys(self, task_id: str) -> TaskKeys:
        """The names of what belongs to one task."""
        return self.results.keys(task_id)

    def names(self, pattern: str) -> list[bytes]:
        """The names that fit, at whichever server they are."""
        return list(self.redis.scan_iter(pattern, count=1000))

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[Redis, Exchange]]:
        """What a gateway asks Redis with, and reads journals with; they wait for one that a test stopped."""
        redis = journal_redis(self.results, DEADLINE)
        exchange = exchange_with(redis, DEADLINE)
        async with redis, aclosing(exchange):
            yield redis, exchange

    def to(self, queue: str) -> Stage:
        """The same stage; what is sent goes to this queue, and workers that are started consume it."""
        routed = copy(self)
        routed.route = queue
        return routed

    @contextmanager
    def worker(self, pool: str = "prefork", concurrency: int = 1, **conf: Any) -> Iterator[ManagedProcess]:
        """A worker of the queue, until the block ends; it is killed, unless it has been stopped."""
        env = {"FATES_CONF": json.dumps(self.conf | conf)}
        with worker(
            self.broker,
            self.backend,
            pool,
            concurrency,
            "tests.fates.jobs",
            env=env,
            queue=self.route,
            number=next(self._workers),
        ) as process:
            yield process
            process.kill()

    def send(self, job: str, *args: Any, **options: Any) -> str:
        """The id of the task that was sent."""
        options.setdefault("queue", self.route)
        task_id: str = self.app.tasks[f"fates.{job}"].apply_async(args, **options).id
        return task_id

    def send_damaged(self, damage: Callable[[dict[str, Any]], dict[str, Any]]) -> str:
        """The id of a task whose message, its ``body`` and its ``headers``, is not what was sent."""
        nobody = self.to("damaged")
        task_id = nobody.send("add", 1, 2)
        with self.app.connection() as connection, connection.channel() as channel:
            sent: Any = self.app.amqp.queues[nobody.route](channel).get(no_ack=True)
            message = damage({"body": sent.body, "headers": sent.headers})
            Producer(channel).publish(
                routing_key=self.route,
                content_type=sent.content_type,
                content_encoding=sent.content_encoding,
                correlation_id=task_id,
                **message,
            )
        return task_id

    def signature(self, job: str, *args: Any, **options: Any) -> Signature:
        """What a chain or a chord is made of; it takes no result of the one before."""
        made: Signature = self.app.tasks[f"fates.{job}"].si(*args).set(queue=self.route, **options)
        return made

    def events(self, task_id: str) -> list[Event]:
        """What a client gets that begins at the beginning; each event is one that `asyncapi.yaml` knows."""
        log: Any = self.redis.lrange(self.keys(task_id).log, 0, -1)
        events = [json.loads(Record.parse(raw).body) for raw in log]
        for event in events:
            check(event, "event")
        return events

    def until(self, task_id: str, told: str) -> list[str]:
        """The story so far, once its newest event is the one named."""
        wait_until(lambda: self.story(task_id)[-1:] == [told], lambda: f"{told}: {self.story(task_id)}")
        return self.story(task_id)

    def is_over(self, task_id: str) -> bool:
        """Whether the task has ended."""
        final: Any = self.redis.hget(self.keys(task_id).head, "final")
        return bool(final == b"1")

    def ended(self, task_id: str) -> list[Event]:
        """All events of a task, once the final one is there."""
        wait_until(lambda: self.is_over(task_id), lambda: str(self.story(task_id)))
        return self.events(task_id)

    def fate(self, task_id: str) -> list[str]:
        """The whole story, once it has ended. Checks that nothing but its end is final."""
        events = self.ended(task_id)
        assert [event["final"] for event in events] == [False] * (len(events) - 1) + [True]
        assert [int(event["id"].split("-")[1]) for event in events] == list(range(1, len(events) + 1))
        return story(events)

    def story(self, task_id: str) -> list[str]:
        return story(self.events(task_id))

    def arrived(self, task_id: str, times: int = 1) -> None:
        """Return when a task waits at its gate (for the ``times``-th time)."""
        wait_until(lambda: self.queue.llen(f"arrived:{task_id}") >= times, lambda: f"{task_id} at its gate")

    def hears(self) -> None:
        """Return when the worker hears what is broadcast to workers (`control`)."""
        wait_until(lambda: hears_broadcasts(self.app), lambda: "a worker to answer a ping")

    def held(self, job: str, *args: Any) -> str:
        """A task that runs, and waits at its gate."""
        task_id = self.send(job, *args)
        self.arrived(task_id)
        return task_id

    def open(self, task_id: str) -> None:
        """Let one task pass."""
        self.queue.rpush(f"gate:{task_id}", "open")

    async def look(self, grace: float = 600.0) -> Swept:
        """What a watchdog does at each look."""
        async with self.connected() as (client, exchange):
            appender, kind = appender_to(client, exchange), self.results.kind_of_keys
            return await Watchdog(
                client, appender, self.control, kind, grace, lease=0, judgement=self.judgement
            ).sweep()

    def sweep(self, grace: float = 600.0) -> Swept:
        """The same, for whoever has no event loop."""
        return asyncio.run(self.look(grace))

    def swept_until(self, task_id: str, told: str, grace: float = 600.0) -> list[str]:
        """The story, once a watchdog that looks again and again has told what is named."""

        def look() -> bool:
            self.sweep(grace)
            return self.story(task_id)[-1:] == [told]

        wait_until(look, lambda: f"{told}: {self.story(task_id)}")
        return self.story(task_id)

    def close(self) -> None:
        self.queue.close()
        self.redis.close()
        close_app(self.app)


@contextmanager
def staged(conf: dict[str, Any] | None = None, amqp: str | None = None) -> Iterator[Stage]:
    """A stage on a server of its own; ``amqp``: where its messages are, if not there."""
    with Valkey() as server, wanted_cluster() as cluster:
        stage = Stage(server, conf, amqp=amqp, cluster=cluster)
        yield stage
        stage.close()


@contextmanager
def together(contexts: Iterable[AbstractContextManager[T]]) -> Iterator[list[T]]:
    """Enter all at once, and leave them at once: workers take seconds to start."""
    all_of_them = list(contexts)
    with ThreadPoolExecutor(len(all_of_them)) as threads:
        entering = [threads.submit(context.__enter__) for context in all_of_them]
        wait(entering)
        entered = [
            context for context, done in zip(all_of_them, entering, strict=True) if not done.exception()
        ]
        try:
            yield [done.result() for done in entering]
        finally:
            list(threads.map(lambda context: context.__exit__(None, None, None), entered))


def served_for(stage: Stage, **settings: Any) -> AbstractContextManager[Gateway]:
    """A gateway of the stage's journals and its broker."""
    of_stage = {"broker_url": stage.broker, "result_backend": stage.backend}
    return gateway(stage.valkey.url().rsplit("/", 1)[0], **of_stage | settings)


def story(events: list[Event]) -> list[str]:
    """Events in the words of `docs/fates.md`: state, error code, and the attempt from the second on."""
    return [word(event) for event in events]
