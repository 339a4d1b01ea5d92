"""`taskbeam serve`: the gateway alone, or any application that has one, on Taskbeam's server."""

from __future__ import annotations

import logging
import logging.config
import os
import socket
import sys
from dataclasses import dataclass
from typing import Any

import click
from pydantic import ValidationError

from taskbeam.cli.celery_option import celery_option, load, load_celery
from taskbeam.gateway.auth.keys import KeyConfigurationError
from taskbeam.gateway.connections.configuration_error import CeleryConfigurationError
from taskbeam.gateway.gateway import Gateway
from taskbeam.gateway.server.redaction import log_config
from taskbeam.gateway.server.run import serve as serve_in_this_process
from taskbeam.gateway.server.server import BACKLOG
from taskbeam.gateway.server.workers import Workers
from taskbeam.gateway.settings import ServerSettings

logger = logging.getLogger("taskbeam.serve")

#: Exit codes: the configuration is wrong; the address cannot be had, or the application does not start.
MISCONFIGURED, NOT_STARTED = 2, 3


@dataclass(frozen=True)
class Served:
    """What a worker process serves; it is sent there, and loads the application there."""

    app_target: str | None
    celery_target: str | None

    def __call__(self, listener: socket.socket | None = None) -> int:
        """Serve until SIGTERM; returns an exit code."""
        try:
            settings = ServerSettings()
            return 0 if serve_in_this_process(self._application(), settings, listener) else NOT_STARTED
        except click.ClickException as error:
            error.show()
        except (CeleryConfigurationError, KeyConfigurationError, ValidationError) as error:
            print(error, file=sys.stderr)
        return MISCONFIGURED

    def _application(self) -> Any:
        if self.app_target is not None:
            return load(self.app_target)
        return Gateway(load_celery(self.celery_target)).asgi()


@click.command()
@click.option(
    "--app", "app_target", metavar="MODULE:NAME", help="Your application.  [default: the gateway alone]"
)
@celery_option
@click.option(
    "--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes on the one port."
)
@click.option("--host", help="TASKBEAM_HOST  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="TASKBEAM_PORT  [default: 8000]")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="TASKBEAM_LOG_LEVEL"
)
def serve(
    app_target: str | None, celery_target: str | None, workers: int, **options: str | int | None
) -> None:
    """Serve the gateway, or your application with the gateway in it.

    With several workers, one that dies is replaced. SIGTERM closes all streams, whose clients go on
    elsewhere, and then ends all processes; a second one ends them at once.
    """
    for name, value in options.items():
        if value is not None:
            os.environ[f"TASKBEAM_{name.upper()}"] = str(value)
    served = Served(app_target, celery_target)
    if workers == 1:
        raise SystemExit(served())
    settings = ServerSettings()
    logging.config.dictConfig(log_config() | {"root": {"handlers": ["default"], "level": "INFO"}})
    try:
        listener = _listener(settings.host, settings.port)
    except OSError as error:
        logger.error("Cannot listen on %s:%s: %s", settings.host, settings.port, error)
        raise SystemExit(NOT_STARTED) from None
    with listener:
        raise SystemExit(Workers(served, listener, workers).run())


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)
