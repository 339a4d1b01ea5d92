"""One process that serves an application on Taskbeam's server: uvicorn, with limits, and detached
connections.
"""

from __future__ import annotations

import gc
import logging
import signal
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from functools import partial
from logging.config import dictConfig
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from taskbeam.gateway.gateway import gateway_in
from taskbeam.gateway.limits.portions import Portions
from taskbeam.gateway.limits.waiting_room import WaitingRoom
from taskbeam.gateway.server.connection_life import Bounds
from taskbeam.gateway.server.guarded_http import GuardedHttp
from taskbeam.gateway.server.http import DetachableHttp
from taskbeam.gateway.server.intake import Intake
from taskbeam.gateway.server.json_log import JsonFormatter
from taskbeam.gateway.server.open_files import allow_connections
from taskbeam.gateway.server.proxy_headers import trusted_proxies
from taskbeam.gateway.server.redaction import redacted_config
from taskbeam.gateway.server.server import Server, shared_listener
from taskbeam.gateway.server.websocket import DetachableWebSocket, GuardedWebSocket
from taskbeam.gateway.settings import GatewaySettings

if TYPE_CHECKING:
    import socket
    from asyncio import Protocol
    from collections.abc import Callable, Iterator

    from taskbeam.gateway.settings import ServerSettings

logger = logging.getLogger(__name__)

#: When Python collects cycles (`gc.set_threshold`): all at once waits for it, a millisecond for each thousand
#: objects. So what is young is looked at often, a few thousand of them at the most, and everything seldom.
COLLECTIONS = (1_000, 5, 2_000)


def serve(
    app: Any,
    settings: ServerSettings,
    listener: socket.socket | None = None,
    *,
    root_path: str = "",
    on_started: Callable[[], None] | None = None,
) -> bool:
    """Serve an ASGI application until SIGTERM or Ctrl-C; returns whether it could start.

    Its gateway, if it has one, writes to detached connections; at the root of the application it also answers
    plain requests for streams by itself.

    Args:
        app: the application.
        settings: where and how it is served.
        listener: a bound socket to listen on, instead of the settings' host and port.
        root_path: a prefix that a proxy takes away from each path.
        on_started: called in the server's event loop when clients can connect.
    """
    dictConfig(logging_config(settings))
    gateway = gateway_in(app)
    limits = gateway.settings if gateway is not None else GatewaySettings()
    bounds = Bounds(
        head_bytes=settings.max_head_bytes,
        head=settings.head_timeout,
        body=settings.body_timeout,
        keep_alive=settings.keep_alive_timeout,
        handshake=settings.body_timeout,
    )
    # Streams have their limit in the gateway; short requests still come through when it is reached.
    waiting = limits.max_connections // 10 + 100
    connections = allow_connections(limits.max_connections + 2 * waiting)
    room = WaitingRoom(min(waiting, connections // 2), limits.max_connections_per_address)
    problems = gateway.measures.clients.problems if gateway is not None else Counter[str]()
    intake = Intake(bounds, room, connections, Portions(), limits.max_message_rate, problems)
    if gateway is not None:
        gateway.hosts.listens_on(settings.host)
    shortcut = gateway.shortcut(app) if gateway is not None else None
    protocol = partial(DetachableHttp, intake, shortcut) if settings.detach else partial(GuardedHttp, intake)
    # What is loaded by now stays: the collector need not look at it again for every few events.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        root_path=root_path,
        log_config=None,  # it is configured already
        log_level=settings.log_level,
        # uvicorn calls it like the class that it asks for.
        http=cast("type[Protocol]", protocol),
        ws=DetachableWebSocket if settings.detach else GuardedWebSocket,
        ws_max_size=limits.max_message_bytes,
        ws_per_message_deflate=False,
        forwarded_allow_ips=trusted_proxies(),
        timeout_graceful_shutdown=settings.shutdown_timeout,
    )
    try:
        if listener is None and settings.reuse_port:
            listener = shared_listener(settings.host, settings.port)
    except (OSError, ValueError) as error:
        logger.error("Cannot listen on %s:%s: %s", settings.host, settings.port, error)
        return False
    server = (
        Server(config, limits.drain)
        if on_started is None
        else _AnnouncingServer(config, limits.drain, on_started)
    )
    with _sigterm_like_ctrl_c(), suppress(KeyboardInterrupt):
        server.run([listener] if listener is not None else None)
    return server.started


def logging_config(settings: ServerSettings) -> dict[str, Any]:
    """uvicorn's logging, for `logging.config.dictConfig`, without secrets, as text or as JSON.

    Taskbeam's own lines have the same form, and the warnings of every library (Celery, kombu, redis-py,
    asyncio), unless the application has a root handler that writes them.
    """
    config = redacted_config()
    if settings.log_format == "json":
        config["formatters"] = {name: {"()": JsonFormatter} for name in config["formatters"]}
    if not logging.getLogger().handlers:
        own = {"handlers": ["default"], "level": settings.log_level.upper(), "propagate": False}
        config["loggers"]["taskbeam"] = own
        config["root"] = {"handlers": ["default"], "level": "WARNING"}
    return config


class _AnnouncingServer(Server):
    """Says when it has started."""

    def __init__(self, config: uvicorn.Config, drain: float, on_started: Callable[[], None]) -> None:
        super().__init__(config, drain)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()


@contextmanager
def _sigterm_like_ctrl_c() -> Iterator[None]:
    """Whoever was told to stop, and did, ends well: uvicorn raises the signal once more when it is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
