"""`taskbeam serve`: the gateway alone, or any application that has one, on Taskbeam's server."""

from __future__ import annotations

import os
import sys
from logging.config import dictConfig
from typing import Any

import click

from taskbeam.cli.celery_option import celery_option
from taskbeam.cli.serving import Served, serve_here, serve_in_processes
from taskbeam.gateway.server.run import logging_config
from taskbeam.gateway.settings import ServerSettings

#: Options that override the variable of the same name.
OVERRIDING = ("host", "port", "log_level", "shutdown_timeout")


@click.command()
@click.option(
    "--app",
    "app_target",
    metavar="MODULE:NAME",
    help="Your ASGI application.  [default: the gateway alone]",
)
@click.option("--factory", is_flag=True, help="--app names a function that makes the application.")
@celery_option
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    envvar="TASKBEAM_WORKERS",
    help="TASKBEAM_WORKERS: processes on the one port; each uses one CPU.  [default: 1]",
)
@click.option("--host", help="TASKBEAM_HOST  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="TASKBEAM_PORT  [default: 8000]")
@click.option("--uds", metavar="PATH", help="A unix socket to listen on, instead of host and port.")
@click.option("--root-path", default="", metavar="PATH", help="A prefix that a proxy takes away.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="TASKBEAM_LOG_LEVEL  [default: info]",
)
@click.option(
    "--shutdown-timeout",
    type=click.IntRange(1),
    metavar="SECONDS",
    help="TASKBEAM_SHUTDOWN_TIMEOUT: for requests to end when it is told to stop.  [default: 10]",
)
@click.option("--listener-fd", type=int, hidden=True)
@click.option("--supervisor-fd", type=int, hidden=True)
def serve(
    workers: int, uds: str | None, listener_fd: int | None, supervisor_fd: int | None, **options: Any
) -> None:
    """Serve the gateway, or your application with the gateway in it.

    With several workers, one that dies is replaced. SIGTERM or Ctrl-C closes all streams, whose clients go
    on elsewhere, and then ends all processes; a second signal ends them at once.

    \b
    taskbeam serve
    taskbeam serve --celery shop.tasks:celery
    taskbeam serve --app shop.main:app --workers 4
    """
    for name in OVERRIDING:
        value = options.pop(name)
        if value is not None:
            os.environ[f"TASKBEAM_{name.upper()}"] = str(value)
    served = Served(**options)
    served.check()
    settings = ServerSettings()
    dictConfig(logging_config(settings))
    if supervisor_fd is not None and listener_fd is not None:
        sys.exit(serve_here(served, settings, listener_fd=listener_fd, supervisor_fd=supervisor_fd))
    if workers == 1:
        sys.exit(serve_here(served, settings, uds=uds))
    sys.exit(serve_in_processes(served, settings, workers, uds))
