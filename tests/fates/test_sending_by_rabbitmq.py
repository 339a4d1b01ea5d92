"""A gateway whose RabbitMQ is away or silent: what it says it has sent is there, and nothing else."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from kombu.pools import connections

from taskbeam.gateway import Gateway as Live
from taskbeam.gateway import GatewaySettings, TaskbeamError
from taskbeam.gateway.connections.bounded_broker import bounded_connection
from taskbeam.gateway.connections.broker_check import BrokerCheck
from taskbeam.gateway.jobs.broker import Broker
from taskbeam.gateway.jobs.purging import Portion, Purged, purge
from tests.support.relay import BLACK_HOLE, CALM, Relay
from tests.support.waiting import wait_until

from .stage import Stage, staged
from .table import COLUMNS, RABBITMQ

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from tests.support.rabbitmq import RabbitMQ

pytestmark = pytest.mark.skipif(RABBITMQ not in COLUMNS, reason="RabbitMQ is not installed")

#: Seconds. A broker that is well answers within them, on a busy machine, too.
TIMEOUT = 20.0


@pytest.fixture
def relay(rabbitmq: RabbitMQ) -> Iterator[Relay]:
    """The way to the broker."""
    with Relay(rabbitmq.port) as running:
        yield running


@pytest.fixture
def stage(rabbitmq: RabbitMQ, relay: Relay) -> Iterator[Stage]:
    with staged(amqp=rabbitmq.url(relay.port)) as made:
        yield made
        relay.weather = CALM  # to close what is open, both sides have to agree


@asynccontextmanager
async def gateway_of(stage: Stage) -> AsyncIterator[Live]:
    live = Live(stage.app, settings=GatewaySettings(auth="open", redis_timeout=TIMEOUT), watch_signals=False)
    try:
        yield live
    finally:
        await live.stop()
        connections[bounded_connection(stage.app, TIMEOUT)].force_close_all()


def queued(stage: Stage) -> list[str]:
    """The tasks that wait in the queue; it is empty afterwards."""
    found = []
    with stage.app.connection() as connection, connection.channel() as channel:
        queue: Any = stage.app.amqp.queues[stage.route](channel)
        while (message := queue.get(no_ack=True)) is not None:
            found.append(message.headers["id"])
    return found


def stand_in_queue(stage: Stage) -> int:
    """How many tasks wait there. Celery does not wait until RabbitMQ has what it sends."""
    with stage.app.connection() as connection, connection.channel() as opened:
        channel: Any = opened
        return int(channel.queue_declare(queue=stage.route, passive=True).message_count)


def test_a_broker_that_has_restarted_gets_the_next_task(stage: Stage, relay: Relay) -> None:
    """It has closed the connection, which nobody has used since."""

    async def send() -> list[str]:
        async with gateway_of(stage) as live:
            first = await live.send("fates.add", (1, 2))
            relay.cut()
            await asyncio.to_thread(wait_until, lambda: not relay.labels())
            second = await live.send("fates.add", (1, 2))
            return [first.id, second.id]

    assert asyncio.run(send()) == queued(stage)


def test_what_the_broker_does_not_confirm_is_not_sent(stage: Stage, relay: Relay) -> None:
    """Its connections stay open, and what is written to them arrives nowhere."""

    async def send() -> list[str]:
        async with gateway_of(stage) as live:
            first = await live.send("fates.add", (1, 2))
            relay.weather = BLACK_HOLE
            with pytest.raises(TaskbeamError, match="cannot reach the broker"):
                await live.send("fates.add", (1, 2), title="silent")
            relay.cut()
            relay.weather = CALM
            second = await live.send("fates.add", (1, 2))
            return [first.id, second.id]

    sent = asyncio.run(send())
    assert queued(stage) == sent
    told = [_newest(stage, log) for log in stage.names("*:log")]
    assert sorted((event["state"], event.get("error", {}).get("code")) for event in told) == [
        ("PENDING", None),
        ("PENDING", None),
        ("REVOKED", "not_sent"),
    ]


def _newest(stage: Stage, log: bytes) -> dict[str, Any]:
    record: Any = stage.redis.lindex(log, -1)
    event: dict[str, Any] = json.loads(record.split(b" ", 2)[2])
    return event


def test_whether_it_can_be_reached(stage: Stage, relay: Relay) -> None:
    asked = BrokerCheck(stage.app, TIMEOUT)
    assert asyncio.run(asked.failure()) is None
    relay.weather = BLACK_HOLE
    silent = asyncio.run(BrokerCheck(stage.app, 1.0).failure())
    assert silent is not None
    assert stage.broker.rsplit("@", 1)[1] in silent
    assert "guest:guest" not in silent


def test_what_a_queue_is_purged_of_is_gone_and_the_rest_is_back(stage: Stage) -> None:
    waits, runs = (stage.app.send_task("fates.add", (1, 2), queue=stage.route).id for _ in range(2))
    wait_until(lambda: stand_in_queue(stage) == 2)
    broker = Broker(stage.app, TIMEOUT)

    async def end(task_ids: Sequence[str]) -> Portion:
        assert list(task_ids) == [waits, runs]
        return Portion(1, frozenset({runs}))

    async def purged() -> list[Purged | None]:
        return [await purge(broker, queue, end) for queue in (stage.route, "nowhere")]

    assert asyncio.run(purged()) == [Purged(1, 1, 1, more=False), None]
    broker.close()
    assert queued(stage) == [runs]
