"""The gateway's Redis client, from the result backend's URL as Celery has it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.sentinel import Sentinel

if TYPE_CHECKING:
    from taskbeam.gateway.settings import Settings

#: What Redis' CLIENT LIST calls the gateway's connections.
CLIENT_NAME = "taskbeam-gateway"


def redis_client(settings: Settings) -> Redis:
    """Make an unconnected client; raises `ValueError` for a URL that is not Taskbeam's.

    No command takes longer than a request's timeout: a hung server is no better than one that is away.
    """
    scheme, _, url = settings.result_backend.partition("+")
    if scheme != "taskbeam":
        raise ValueError("result_backend is to begin with taskbeam+, as the workers have it")
    if url.startswith("sentinel://"):
        return _sentinel_master(url, settings.sentinel_master, settings.redis_timeout)
    if url.startswith("socket://"):  # Celery's name for redis-py's unix://
        url = "unix://" + url.removeprefix("socket://").replace("virtual_host=", "db=")
    client: Redis = Redis.from_url(
        url, protocol=2, socket_timeout=settings.redis_timeout, client_name=CLIENT_NAME
    )
    return client


def _sentinel_master(url: str, name: str, timeout: float) -> Redis:
    """``sentinel://host:port/db;sentinel://host:port/db``: the master that the sentinels name."""
    parts = [urlsplit(part) for part in url.split(";")]
    sentinels = [(part.hostname or "127.0.0.1", part.port or 26379) for part in parts]
    first = parts[0]
    sentinel = Sentinel(sentinels, socket_timeout=timeout, protocol=2)
    master: Redis = sentinel.master_for(
        name,
        db=int(first.path.strip("/") or 0),
        username=first.username,
        password=first.password,
        protocol=2,
        socket_timeout=timeout,
        client_name=CLIENT_NAME,
    )
    return master
