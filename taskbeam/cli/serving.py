"""What `taskbeam serve` serves, in this process or in several."""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from taskbeam.cli.celery_option import load, load_celery
from taskbeam.cli.listening import inherited_listener, tcp_address, unix_address
from taskbeam.cli.metrics_ports import MetricsPorts
from taskbeam.cli.supervised import under_supervision
from taskbeam.cli.supervisor import NOT_STARTED, STOPPED, Supervisor
from taskbeam.connections.journal import journal_backend
from taskbeam.gateway.gateway import Gateway
from taskbeam.gateway.limits.body import BodyLimit
from taskbeam.gateway.server.run import serve
from taskbeam.gateway.settings import GatewaySettings

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from taskbeam.cli.listening import Address
    from taskbeam.gateway.settings import ServerSettings


@dataclass(frozen=True, kw_only=True)
class Served:
    """What is served, by the options of the command."""

    app_target: str | None
    factory: bool
    celery_target: str | None
    root_path: str

    def check(self) -> None:
        """Raise `click.UsageError` for options that do not go together."""
        if self.app_target is not None and self.celery_target is not None:
            raise click.UsageError("--app has its own Celery application, so --celery does not go with it.")
        if self.factory and self.app_target is None:
            raise click.UsageError("--factory needs --app.")

    def command(self) -> list[str]:
        """The command line that serves it in another process."""
        given = {"--app": self.app_target, "--celery": self.celery_target, "--root-path": self.root_path}
        words = [word for name, value in given.items() if value for word in (name, value)]
        factory = ["--factory"] if self.factory else []
        return [sys.executable, "-m", "taskbeam", "serve", *factory, *words]

    def application(self, max_body_bytes: int) -> Any:
        """Import it, or make the gateway. Raises `click.BadParameter`, and errors of configuration."""
        if self.app_target is not None:
            found = load(self.app_target)
            app = found() if self.factory else found
            if not callable(app):
                raise click.BadParameter(f"{self.app_target!r} is no ASGI application.")
            return app
        gateway = Gateway(load_celery(self.celery_target))
        # Said here it is a sentence, in the event loop a traceback.
        journal_backend(gateway.celery_app, stock=gateway.settings.stock)
        app = gateway.asgi()
        app.add_middleware(BodyLimit, limit=max_body_bytes)
        return app


def serve_here(
    served: Served,
    settings: ServerSettings,
    *,
    uds: str | None = None,
    listener_fd: int | None = None,
    supervisor_fd: int | None = None,
) -> int:
    """Serve in this process, until it is told to stop; returns an exit code.

    ``listener_fd`` and ``supervisor_fd`` are from the `Supervisor` that started this process.
    """
    app = served.application(settings.max_body_bytes)
    with ExitStack() as stack:
        listener: socket.socket | None = None
        if listener_fd is not None:
            listener = inherited_listener(listener_fd)
        elif uds is not None:
            listener = stack.enter_context(_taken(settings, uds)).listener()
        started = serve(
            app,
            settings,
            listener,
            root_path=served.root_path,
            on_started=None if supervisor_fd is None else under_supervision(supervisor_fd),
        )
    return STOPPED if started else NOT_STARTED


def serve_in_processes(served: Served, settings: ServerSettings, count: int, uds: str | None) -> int:
    """Serve in ``count`` processes, until this one is told to stop; returns an exit code."""
    if sys.platform == "win32":
        raise click.UsageError("--workers needs a system whose processes can share a port, such as Linux.")
    with _taken(settings, uds) as address:
        ports = MetricsPorts(GatewaySettings().metrics_port)
        parting = GatewaySettings().drain + settings.shutdown_timeout
        supervisor = Supervisor(served.command(), count, address, parting, ports.of)
        return asyncio.run(supervisor.run())


class AddressError(click.ClickException):
    """The address is somebody else's, or is none of this machine."""

    exit_code = NOT_STARTED


@contextmanager
def _taken(settings: ServerSettings, uds: str | None) -> Iterator[Address]:
    where = f"the unix socket {uds}" if uds is not None else f"{settings.host} port {settings.port}"
    try:
        address = unix_address(uds) if uds is not None else tcp_address(settings.host, settings.port)
    except OSError as error:
        raise AddressError(f"Cannot listen on {where}: {error}") from error
    with address:
        yield address
