"""The broker, where it is Redis: an asyncio client of it, and what Kombu's queues are called there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kombu.transport import virtual

from taskbeam.connections.asyncio_redis import RedisParameters, asyncio_redis
from taskbeam.connections.configuration_error import (
    CeleryConfigurationError,
    one_line,
    without_password,
)

if TYPE_CHECKING:
    from celery import Celery
    from kombu import Connection
    from redis.asyncio import Redis

SETTING = "broker_url"

#: What a pattern of Redis' SCAN means otherwise.
_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\*?[]^"})


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueNames:
    """How Kombu names a queue's lists on a Redis broker.

    - ``key_prefix``: stands before every key (`global_keyprefix`).
    - ``bindings``: what stands before an exchange's name in the key of its set of bindings, each of which
      is "routing key, pattern, queue".
    - ``separator``: between those three, and between a queue's name and a priority.
    - ``priorities``: a queue has a list for each.
    """

    key_prefix: str
    bindings: str
    separator: str
    priorities: tuple[int, ...]

    @property
    def bindings_pattern(self) -> str:
        """What SCAN is to match: the keys of all bindings."""
        return (self.key_prefix + self.bindings).translate(_SPECIAL) + "*"

    def queue_of(self, binding: str) -> str:
        """The queue that a member of a set of bindings names."""
        return binding.rpartition(self.separator)[2]

    def lists(self, queue: str) -> list[str]:
        """The keys of a queue's lists."""
        suffixes = (f"{self.separator}{each}" if each else "" for each in self.priorities)
        return [f"{self.key_prefix}{queue}{suffix}" for suffix in suffixes]


@dataclass(frozen=True, slots=True)
class RedisBroker:
    """A broker on Redis."""

    redis: Redis
    names: QueueNames


def redis_broker(celery_app: Celery, timeout: float) -> RedisBroker | None:
    """The broker that the application's workers consume from, not connected; None where it is not Redis.

    Of several, the one that Celery tries first.

    Args:
        celery_app: its `broker_url`, `broker_use_ssl` and `broker_transport_options` hold.
        timeout: seconds that a command, and connecting, may take.

    Raises:
        CeleryConfigurationError: the broker is configured in a way that the gateway cannot follow.
    """
    try:
        with celery_app.connection_for_read() as connection:
            if not is_redis(connection):
                return None
            channel = _unconnected_channel(connection)
            parameters = _parameters(channel)
    except (ImportError, LookupError, TypeError, ValueError) as error:
        url = without_password(celery_app.conf.broker_read_url)
        raise CeleryConfigurationError(f"Kombu cannot use the broker {url}: {one_line(error)}") from error
    names = QueueNames(
        key_prefix=channel.global_keyprefix,
        bindings=channel.keyprefix_queue.removesuffix("%s"),
        separator=channel.sep,
        priorities=tuple(channel.priority_steps),
    )
    return RedisBroker(asyncio_redis(parameters, timeout), names)


def is_redis(connection: Connection) -> bool:
    """Whether the transport speaks to Redis, or to its Sentinel; nothing is connected."""
    return getattr(connection.get_transport_cls(), "driver_type", None) == "redis"


def _unconnected_channel(connection: Connection) -> Any:
    """Kombu's channel knows how to connect, but opens a connection when it is made: leave that step out."""
    transport: Any = connection.transport
    channel = object.__new__(transport.Channel)
    virtual.Channel.__init__(channel, transport)
    return channel


def _parameters(channel: Any) -> RedisParameters:
    """By private names of Kombu (`_connparams`, `_get_pool`): no public one says what it connects to."""
    arguments: dict[str, Any] = channel._connparams()
    manager = getattr(channel._get_pool(), "sentinel_manager", None)
    if manager is None:
        return RedisParameters(setting=SETTING, arguments=arguments)
    sentinels = [each.connection_pool.connection_kwargs for each in manager.sentinels]
    return RedisParameters(
        setting=SETTING,
        arguments={name: arguments[name] for name in arguments.keys() - {"host", "port"}},
        sentinels=tuple((sentinel["host"], int(sentinel["port"])) for sentinel in sentinels),
        sentinel_arguments=getattr(channel, "sentinel_kwargs", None) or {},
        master_name=channel.master_name,
        min_other_sentinels=manager.min_other_sentinels,
    )
