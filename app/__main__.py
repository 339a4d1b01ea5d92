"""The entry point: ``python -m app`` serves the gateway."""

from __future__ import annotations

import gc
import logging
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

import uvicorn

from taskbeam.gateway.auth.keys import KeyConfigurationError
from taskbeam.gateway.server.guarded_http import GuardedHttp, IntakeLimits
from taskbeam.gateway.server.http import DetachableHttp
from taskbeam.gateway.server.redaction import log_config
from taskbeam.gateway.server.server import Server, shared_listener
from taskbeam.gateway.server.websocket import DetachableWebSocket

from .main import create_app
from .settings import Settings

if TYPE_CHECKING:
    from asyncio import Protocol

logger = logging.getLogger(__name__)


def serve(settings: Settings) -> bool:
    """Serve until SIGTERM or Ctrl-C; returns whether it could start."""
    app = create_app(settings)
    intake = IntakeLimits(
        # Streams have their limit in the application; short requests still come through when it is reached.
        connections=settings.max_connections + settings.max_connections // 10 + 100,
        head_bytes=settings.max_head_bytes,
        head_seconds=settings.head_timeout,
        body_seconds=settings.body_timeout,
    )
    # An application's own `identify` would have to be asked; this one has none.
    protocol = (
        partial(DetachableHttp, intake, app.state.gateway.shortcut(app))
        if settings.detach
        else partial(GuardedHttp, intake)
    )
    # What is loaded by now stays: the collector need not look at it again for every few events.
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 5, 400)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=log_config(),
        log_level=settings.log_level,
        # uvicorn calls it like the class that it asks for.
        http=cast("type[Protocol]", protocol),
        ws=DetachableWebSocket if settings.detach else "websockets-sansio",
        ws_max_size=settings.max_message_bytes,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=settings.shutdown_timeout,
    )
    try:
        listeners = [shared_listener(settings.host, settings.port)] if settings.reuse_port else None
    except (OSError, ValueError) as error:
        logger.error("Cannot listen: %s", error)
        return False
    server = Server(config)
    with suppress(KeyboardInterrupt):
        server.run(listeners)
    return server.started


def main() -> int:
    settings = Settings()
    try:
        return 0 if serve(settings) else 3
    except KeyConfigurationError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
