"""By what journals are read, appended to and followed: on one server, or on a Redis Cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.cluster.appender import ClusterAppender
from taskbeam.cluster.control import ControlClient
from taskbeam.cluster.exchange import ClusterExchange
from taskbeam.cluster.feed_reader import ClusterFeedReader
from taskbeam.cluster.journal_reader import ClusterJournalReader
from taskbeam.follow.cluster_subscriber import ClusterSubscriber
from taskbeam.follow.subscriber import Subscriber
from taskbeam.journal.appender import JournalAppender
from taskbeam.journal.feeds.reader import FeedReader
from taskbeam.journal.pipelined_connection import PipelinedConnection
from taskbeam.journal.reader import DEFAULT_MAX_BYTES, JournalReader

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.follow.hub import Hub
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import JournalNames
    from taskbeam.measures.redis_traffic import RedisTraffic


def exchange_with(redis: Redis, timeout: float, traffic: RedisTraffic | None = None) -> Exchange:
    """By what journals are read, not connected.

    Args:
        redis: the client that `journal_redis` made.
        timeout: seconds that a reply may take.
        traffic: where what is sent is counted.
    """
    if isinstance(redis, ControlClient):
        return ClusterExchange(redis.topology, timeout, traffic)
    return PipelinedConnection(redis, timeout, traffic)


def appender_to(redis: Redis, exchange: Exchange) -> JournalAppender:
    """By what journals are appended to; ``exchange`` is what `exchange_with` made of the client."""
    return ClusterAppender(exchange) if isinstance(exchange, ClusterExchange) else JournalAppender(redis)


def journals_by(exchange: Exchange, names: JournalNames, max_bytes: int = DEFAULT_MAX_BYTES) -> JournalReader:
    """By what journals are read, with so many bytes in one answer; ``names``: of the tasks of feeds."""
    if isinstance(exchange, ClusterExchange):
        return ClusterJournalReader(exchange, names, max_bytes)
    return JournalReader(exchange, max_bytes)


def feeds_by(exchange: Exchange, journal: JournalReader, names: JournalNames, max_bytes: int) -> FeedReader:
    """By what feeds are read; ``journal`` reads by the same ``exchange``, and a page has so many bytes."""
    if isinstance(exchange, ClusterExchange):
        return ClusterFeedReader(journal, exchange, names, max_bytes)
    return FeedReader(journal, exchange, names.prefix, max_bytes)


def subscriber_of(
    redis: Redis, hub: Hub, *, sharded: bool, traffic: RedisTraffic | None = None
) -> Subscriber | ClusterSubscriber:
    """Where the hub subscribes, not connected; see `exchange_with`. ``sharded``: to sharded channels."""
    if isinstance(redis, ControlClient):
        return ClusterSubscriber(redis.topology, hub, traffic)
    return Subscriber(redis, hub, sharded=sharded, traffic=traffic)
