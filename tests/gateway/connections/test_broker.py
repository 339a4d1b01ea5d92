"""However the broker is configured, the gateway counts in it what Kombu has put there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery
from kombu import Queue

from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.gateway.connections.broker import QueueNames, redis_broker
from taskbeam.gateway.connections.broker_check import BrokerCheck

from .brokers import BROKERS

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60.0

#: The priority of each message that is sent.
PRIORITIES = (None, 0, 4, 9)


@pytest.mark.parametrize("name", BROKERS)
def test_the_gateway_counts_what_was_sent(name: str, tmp_path: Path) -> None:
    with BROKERS[name](tmp_path) as conf:
        app = Celery(set_as_current=False)
        app.conf.update(task_ignore_result=True, task_queues=[Queue("reports"), Queue("other")], **conf)
        try:
            for priority in PRIORITIES:
                app.send_task("a.task", queue="reports", priority=priority)
            app.send_task("a.task", queue="other")
            asyncio.run(_counts(app))
            assert asyncio.run(BrokerCheck(app, PATIENCE).failure()) is None
        finally:
            app.close()


async def _counts(app: Celery) -> None:
    broker = redis_broker(app, PATIENCE)
    assert broker is not None
    redis, names = broker.redis, broker.names
    try:
        queues: set[str] = set()
        async for key in redis.scan_iter(names.bindings_pattern):
            members: Any = await redis.smembers(key)
            queues |= {names.queue_of(member.decode()) for member in members}
        assert queues == {"reports", "other"}
        lengths = [await _length(redis, key) for key in names.lists("reports")]
        assert sum(lengths) == len(PRIORITIES)
        assert lengths[-1] == 1  # the most urgent
        assert await _length(redis, names.lists("other")[0]) == 1
    finally:
        await redis.aclose()


async def _length(redis: Any, key: str) -> int:
    length: int = await redis.llen(key)
    return length


def test_names() -> None:
    names = QueueNames(
        key_prefix="a*[b]?\\", bindings="_kombu.binding.", separator="::", priorities=(0, 3, 6)
    )
    assert names.lists("q") == [f"a*[b]?\\q{end}" for end in ("", "::3", "::6")]
    assert names.bindings_pattern == "a\\*\\[b\\]\\?\\\\_kombu.binding.*"
    assert names.queue_of("key::::queue") == "queue"


def test_it_is_the_broker_that_is_read_from() -> None:
    app = Celery(set_as_current=False)
    app.conf.update(broker_write_url="redis://writing/0", broker_read_url="redis://reading/0")
    broker = redis_broker(app, 1.0)
    assert broker is not None
    assert broker.redis.connection_pool.connection_kwargs["host"] == "reading"


@pytest.mark.parametrize("url", ["amqp://host//", "memory://", "filesystem://", None])
def test_another_broker_is_none(url: str | None) -> None:
    assert redis_broker(Celery(broker=url, set_as_current=False), 1.0) is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("foo://user:planted-secret@host", "foo://user:**@host/: No such transport: foo"),
        ("redis://:planted-secret@host/db", "Database is int between 0 and limit - 1, not db"),
        ("sentinel://:planted-secret@host/0", "'master_name' transport option must be specified"),
    ],
)
def test_a_configuration_that_kombu_refuses(url: str, says: str) -> None:
    with pytest.raises(CeleryConfigurationError) as error:
        redis_broker(Celery(broker=url, set_as_current=False), 1.0)
    assert says in str(error.value)
    assert "planted-secret" not in str(error.value)
