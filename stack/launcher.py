"""From nothing to a live address, and back."""

from __future__ import annotations

import contextlib
import fcntl
from typing import TYPE_CHECKING

import redis

from .ports import kept_port, why_not_bindable
from .process import ManagedProcess, ProcessFailedError
from .services import WORKER, services
from .signals import KILL_WORKER, Signals
from .supervisor import StopRequestedError, Supervisor
from .valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from .console import Console
    from .services import Service
    from .settings import Settings

READY_TIMEOUT = 120.0  # seconds; a first start compiles every module
READY_INTERVAL = 0.2
GRACE = 15.0  # seconds for each process to end by itself; the gateway takes up to 10 to part from its clients


class CannotStartError(Exception):
    """Something outside is in the way; the message is one line."""


def launch(
    settings: Settings,
    console: Console,
    plan: Callable[[Settings, str, int], Sequence[Service]] = services,
    grace: float = GRACE,
) -> int:
    """Run Redis and the services of `plan(settings, redis_url, mail_port)` until asked to stop.

    Returns the exit code: 0 when asked to stop, 1 when something could not start or ended by itself.
    """
    with Signals() as signals, contextlib.ExitStack() as cleanup:
        supervisor = Supervisor(signals, grace)
        try:
            _require_free_port(settings)
            if settings.redis_url is None:
                cleanup.enter_context(_sole_use(settings.valkey_dir))
            else:
                _require_answer(str(settings.redis_url))
            redis_port, mail_port = (cleanup.enter_context(kept_port()) for _ in range(2))
            cleanup.callback(supervisor.stop_all)
            redis_url = _redis(settings, redis_port, console, supervisor)
            planned = plan(settings, redis_url, mail_port)
            _start(planned, settings, console, supervisor)
            console.say(f"\nTaskbeam is live at {settings.address}  (Ctrl-C stops everything)\n")
            while True:
                if KILL_WORKER in supervisor.pause():
                    _kill_worker(planned, console, supervisor)
        except StopRequestedError:
            console.say("Stopping ... (Ctrl-C again kills)")
            return 0
        except ProcessFailedError as failure:
            console.complain(f"{failure.reason}; stopping the rest")
            return 1
        except CannotStartError as obstacle:
            console.complain(str(obstacle))
            return 1


def _require_free_port(settings: Settings) -> None:
    reason = why_not_bindable(settings.host, settings.port)
    if reason is not None:
        raise CannotStartError(
            f"Cannot listen on {settings.host}:{settings.port}: {reason}. Choose another with TASKBEAM_PORT."
        )


def _require_answer(redis_url: str) -> None:
    try:
        with redis.Redis.from_url(redis_url, socket_timeout=5.0, socket_connect_timeout=5.0) as client:
            client.ping()
    except redis.RedisError as error:
        raise CannotStartError(f"TASKBEAM_REDIS_URL does not answer: {error}") from None


@contextlib.contextmanager
def _sole_use(directory: Path) -> Iterator[None]:
    """Keep a second launcher from running a second server on the same data."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "in-use.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStartError(
                f"Another Taskbeam uses {directory}. Choose another directory with TASKBEAM_VAR_DIR."
            ) from None
        yield


def _redis(settings: Settings, port: int, console: Console, supervisor: Supervisor) -> str:
    """The URL of the server to use: the one that is named, else one that this starts on `port`."""
    if settings.redis_url is not None:
        return str(settings.redis_url)
    valkey = Valkey(port, settings.valkey_dir, on_line=console.under("valkey"))
    valkey.start(supervisor.pause)
    supervisor.watch(valkey.process)
    return valkey.url()


def _start(plan: Sequence[Service], settings: Settings, console: Console, supervisor: Supervisor) -> None:
    """Start all services, then wait until each is ready."""
    settings.files.mkdir(parents=True, exist_ok=True)
    started = []
    for service in plan:
        process = _process(service, console)
        supervisor.watch(process)
        started.append((service, process))
    for service, process in started:
        process.wait_until(service.ready, READY_TIMEOUT, supervisor.pause, READY_INTERVAL)


def _process(service: Service, console: Console) -> ManagedProcess:
    return ManagedProcess(
        service.name,
        service.argv,
        env=service.env,
        on_line=_both(console.under(service.name), service.ready.see),
    )


def _kill_worker(plan: Sequence[Service], console: Console, supervisor: Supervisor) -> None:
    """As the page asks. The gateway is there meanwhile, and tells what becomes of the jobs."""
    console.say("Killing the worker, as the page asks, and starting it again")
    [worker] = [service for service in plan if service.name == WORKER]
    supervisor.kill_and_replace(WORKER, lambda: _process(worker, console))


def _both(first: Callable[[str], None], second: Callable[[str], None]) -> Callable[[str], None]:
    def each(line: str) -> None:
        first(line)
        second(line)

    return each
