"""A Redis server in this process, which runs the real scripts: `fakeredis` with Lua."""

from __future__ import annotations

import threading
from importlib.resources import files
from typing import Any

from fakeredis import FakeRedis, FakeServer
from fakeredis import FakeRedisConnection as Connection

#: The Redis that it answers as.
VERSION = (8, 0)


def in_memory_server() -> FakeServer:
    """An empty one. It lives as long as somebody refers to it."""
    server = FakeServer(version=VERSION, server_type="valkey")
    # Python may collect garbage in the middle of a command, and one of Celery's results unsubscribes when it
    # is collected: on the same thread, which has the lock.
    reentrant: Any = threading.RLock()
    server.lock = reentrant
    with FakeRedis(server=server) as client:
        client.eval(files(__package__).joinpath("prelude.lua").read_text("utf-8"), 0)
    return server


def connection_class(server: FakeServer) -> type[Connection]:
    """What redis-py's pools are to make their connections of: each is one to this server."""

    class ConnectionInMemory(Connection):
        def __init__(self, **given: Any) -> None:
            super().__init__(**given, server=server)

    return ConnectionInMemory
