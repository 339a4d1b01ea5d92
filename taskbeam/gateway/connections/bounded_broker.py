"""Kombu's connection to the broker, made so that nothing on it takes longer than somebody waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.backoff import NoBackoff
from redis.retry import Retry

from taskbeam.gateway.connections.broker import is_redis
from taskbeam.gateway.connections.sound_connection import is_amqp

if TYPE_CHECKING:
    from celery import Celery
    from kombu import Connection

#: The part of the time that the socket may take: then its own error comes in time, and says more.
SHARE = 0.8

#: One object: connections that are made alike share Kombu's pools.
_ONCE = Retry(NoBackoff(), 0)


def bounded_connection(celery_app: Celery, timeout: float) -> Connection:
    """Make the connection that the application sends tasks by; it is not connected.

    It tries each broker that is configured once, without a pause. ``timeout``: seconds for connecting and,
    where the broker is Redis or speaks AMQP, for each command. By AMQP the broker has to say that it has a
    message: without that, one that is lost on the way looks like one that arrived. What other transports do
    on a connection takes as long as the application's `broker_transport_options` say.
    """
    connection: Connection = celery_app.connection_for_write(connect_timeout=timeout)
    options: dict[str, Any] = connection.transport_options or {}
    others = max(len(connection.alt) - 1, 0)
    # Kombu would go on connecting for seconds, whatever `retry` its caller asks for.
    options = {**options, "max_retries": others, "interval_start": 0, "interval_step": 0}
    if is_redis(connection):
        # Kombu's Redis transport knows no `connect_timeout`, and redis-py asks a sentinel several times.
        # One that hangs leaves time to ask the next one, and to connect to the master.
        share = timeout * SHARE / (len(connection.alt) + 1)
        asking = {**(options.get("sentinel_kwargs") or {}), **_bound(share), "retry": _ONCE}
        options |= _bound(timeout * SHARE) | {"sentinel_kwargs": asking}
    elif is_amqp(connection):
        bound = dict.fromkeys(("read_timeout", "write_timeout"), timeout * SHARE)
        options = {"confirm_publish": True} | options | bound
    connection.transport_options = options
    return connection


def _bound(seconds: float) -> dict[str, float]:
    return dict.fromkeys(("socket_timeout", "socket_connect_timeout"), seconds)
