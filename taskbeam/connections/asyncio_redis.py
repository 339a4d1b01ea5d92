"""The asyncio client of redis-py, from the arguments that Celery or Kombu gives to the blocking one."""

from __future__ import annotations

import inspect
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import redis
from redis.asyncio import Redis, sentinel
from redis.asyncio.connection import (
    BlockingConnectionPool,
    Connection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.connections.credentials import asyncio_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What Redis' CLIENT LIST calls the gateway's connections.
CLIENT_NAME = "taskbeam-gateway"

#: The first redis-py whose asyncio client has `aclose`.
NEEDED_REDIS_PY: Final = (5, 0, 1)

#: What the gateway chooses for itself: it waits for no command longer than for a request, tries nothing
#: twice, and reads bytes.
OWN_CHOICE = frozenset(
    {
        "client_name",
        "connection_class",
        "decode_responses",
        "max_connections",
        "parser_class",
        "protocol",
        "retry",
        "retry_on_error",
        "retry_on_timeout",
        "socket_connect_timeout",
        "socket_timeout",
    }
)

#: What only tells Redis who connects; not every version of redis-py takes it.
INFORMATIVE = frozenset({"driver_info", "lib_name", "lib_version"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisParameters:
    """How to reach one Redis server, or the master that sentinels name.

    - ``setting``: the Celery setting that it comes from, for error messages.
    - ``arguments``: redis-py's connection arguments, with the blocking ``connection_class`` if not TCP.
    - ``sentinels``: host and port of each; none for a server that is connected to directly.
    - ``sentinel_arguments``: redis-py's arguments for connections to the sentinels themselves.
    """

    setting: str
    arguments: Mapping[str, Any] = field(repr=False)
    sentinels: tuple[tuple[str, int], ...] = ()
    sentinel_arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    master_name: str = ""
    min_other_sentinels: int = 0


class _SentinelClient(Redis):
    """A connection to a sentinel, which redis-py puts into its error messages: short, without a password."""

    def __repr__(self) -> str:
        arguments = self.connection_pool.connection_kwargs
        return f"sentinel {arguments['host']}:{arguments['port']}"


class _MasterClient(Redis):
    """A client that closes its connections to the sentinels, too."""

    watchers: Sequence[Redis] = ()

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        for watcher in self.watchers:
            await watcher.aclose()


class _BlockingSentinelPool(sentinel.SentinelConnectionPool, BlockingConnectionPool):
    """Waits for a free connection, as `BlockingConnectionPool` does."""


def asyncio_redis(parameters: RedisParameters, timeout: float) -> Redis:
    """Make an unconnected client. No command takes longer than ``timeout`` seconds, and none is repeated.

    Raises:
        CeleryConfigurationError: asyncio's half of redis-py does not know what is configured.
    """
    arguments = pool_arguments(parameters, timeout)
    if parameters.sentinels:
        return _master(parameters, arguments, timeout)
    pool = (BlockingConnectionPool if "timeout" in arguments else ConnectionPool)(**arguments)
    return Redis.from_pool(pool)


def pool_arguments(parameters: RedisParameters, timeout: float) -> dict[str, Any]:
    """The arguments of a pool of asyncio's connections; with a ``timeout``, of a `BlockingConnectionPool`.

    Raises:
        CeleryConfigurationError: asyncio's half of redis-py does not know what is configured.
    """
    check_redis_py(redis.VERSION)
    arguments = {
        **_translated(parameters),
        "client_name": CLIENT_NAME,
        "protocol": 2,
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
    }
    limit = parameters.arguments.get("max_connections")
    # Celery's limit holds here, too; whoever comes when all are in use waits instead of failing.
    return arguments | {"max_connections": limit, "timeout": timeout} if limit else arguments


def check_redis_py(version: tuple[int | str, ...]) -> None:
    """Raise `CeleryConfigurationError` for a redis-py that the gateway cannot use."""
    if tuple(part for part in version if isinstance(part, int)) < NEEDED_REDIS_PY:
        needed, found = (".".join(map(str, parts)) for parts in (NEEDED_REDIS_PY, version))
        raise CeleryConfigurationError(
            f"The gateway needs redis-py {needed} or later, and {found} is installed. "
            f'Install a later one: pip install "redis>={needed}"'
        )


def _master(parameters: RedisParameters, arguments: dict[str, Any], timeout: float) -> Redis:
    # A sentinel that hangs leaves time to ask the next one, and to connect to the master.
    share = timeout / (len(parameters.sentinels) + 1)
    own = {**_spelt(parameters.sentinel_arguments), "protocol": 2, "retry": Retry(NoBackoff(), 0)}
    for name in ("socket_timeout", "socket_connect_timeout"):
        own[name] = min(own.get(name) or share, share)
    _refuse_unknown(own, _accepted(Redis), f"{parameters.setting} (sentinel_kwargs)")
    manager = sentinel.Sentinel([], parameters.min_other_sentinels, **arguments)
    manager.sentinels = [_SentinelClient(host=host, port=port, **own) for host, port in parameters.sentinels]
    pool = _BlockingSentinelPool if "timeout" in arguments else sentinel.SentinelConnectionPool
    client: _MasterClient = manager.master_for(
        parameters.master_name, redis_class=_MasterClient, connection_pool_class=pool
    )
    client.watchers = manager.sentinels
    return client


def _translated(parameters: RedisParameters) -> dict[str, Any]:
    """The arguments as asyncio's connections take them, with their class."""
    connection = _asyncio_class(parameters)
    accepted = _accepted(connection)
    arguments = {
        name: value
        for name, value in _spelt(parameters.arguments).items()
        if name not in OWN_CHOICE and (name in accepted or name not in INFORMATIVE)
    }
    _refuse_unknown(arguments, accepted, parameters.setting)
    provider = arguments.get("credential_provider")
    if provider is not None:
        arguments["credential_provider"] = asyncio_credentials(provider)
    return {name: value for name, value in arguments.items() if name in accepted} | {
        "connection_class": connection
    }


def _spelt(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked of certificates as a word: asyncio's half of redis-py before 6 knows no constant."""
    required = arguments.get("ssl_cert_reqs")
    if not isinstance(required, ssl.VerifyMode):
        return dict(arguments)
    return {**arguments, "ssl_cert_reqs": required.name.removeprefix("CERT_").lower()}


def _asyncio_class(parameters: RedisParameters) -> type[Any]:
    blocking = parameters.arguments.get("connection_class") or redis.Connection
    managed = bool(parameters.sentinels)
    if issubclass(blocking, redis.SSLConnection):
        return sentinel.SentinelManagedSSLConnection if managed else SSLConnection
    if issubclass(blocking, redis.UnixDomainSocketConnection):
        return UnixDomainSocketConnection
    if issubclass(blocking, redis.Connection):
        return sentinel.SentinelManagedConnection if managed else Connection
    raise CeleryConfigurationError(
        f"{parameters.setting} uses {blocking.__module__}.{blocking.__qualname__}, a connection class "
        "that has no counterpart for asyncio. Use redis-py's own connection classes."
    )


def _refuse_unknown(arguments: Mapping[str, Any], accepted: frozenset[str], setting: str) -> None:
    """What is switched on and not understood may be what keeps the connection safe: it is not left out."""
    unknown = sorted(name for name, value in arguments.items() if value and name not in accepted)
    if unknown:
        raise CeleryConfigurationError(
            f"{setting} has {', '.join(unknown)}, which asyncio's connections of redis-py "
            f"{redis.__version__} do not know, so that the gateway cannot connect as the workers do. "
            "Remove it, or install a redis-py that knows it."
        )


def _accepted(kind: type[Any]) -> frozenset[str]:
    """The names of the arguments that a class and those it inherits from take."""
    names: set[str] = set()
    for base in kind.__mro__:
        if base is not object and "__init__" in vars(base):
            names |= set(inspect.signature(vars(base)["__init__"]).parameters)
    return frozenset(names - {"self", "args", "kwargs"})
