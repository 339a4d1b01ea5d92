"""Redis servers as others run them: with TLS, with passwords, on a unix socket, behind Sentinel.

The Valkey of the wheel knows no TLS; Debian's Redis does. ``python -m tests.support.redis_server`` installs
it where it is missing, with Debian's package manager. The package with the program is redis-tools: the one
that is called redis-server adds a service, which would start.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stack.ports import LOOPBACK, kept_port
from stack.process import ManagedProcess
from stack.valkey import server_command

from .debian import install
from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .certificates import Authority

#: One program, which acts by the name that it is called by.
NAMES = ("redis-server", "redis-check-rdb")

PORT = "{port}"

#: What a server, and what a Sentinel, logs when it listens.
READY = ("eady to accept connections", "+monitor master")


def find() -> str | None:
    """The path of an installed Redis server, under one of its names."""
    return next(filter(None, map(shutil.which, NAMES)), None)


#: What a run of tests has asked for in its place, if that knows TLS.
_asked_for: Path | None = None


def serve_tls_with(program: Path | None) -> None:
    """Servers with TLS are of this program; None is Debian's."""
    global _asked_for
    _asked_for = program


def redis_program(directory: Path) -> str:
    """A server that knows TLS: Debian's Redis, from ``directory`` if it is installed under another name.

    Raises:
        RuntimeError: it is not installed.
    """
    if _asked_for:
        return str(_asked_for)
    path = find()
    if path is None:
        raise RuntimeError("no redis-server: run `python -m tests.support.redis_server`")
    if path.endswith(NAMES[0]):
        return path
    link = directory / NAMES[0]
    if not link.is_symlink():
        link.symlink_to(path)
    return str(link)


def knows_tls(program: Path) -> bool:
    """Whether a server was built with TLS: of two mistakes in its options it names the first."""
    said = subprocess.run(
        [program, "--tls-auth-clients", "no", "--port", "none"], capture_output=True, text=True, check=False
    )
    return "tls-auth-clients" not in said.stdout + said.stderr


def valkey_program() -> str:
    """The Valkey server of the wheel."""
    return server_command(0, None)[0]


@contextmanager
def server(*options: str, program: str | None = None) -> Iterator[int]:
    """A server without a file of its own, and its port; it is ready when the block begins.

    In ``options`` the port is ``{port}``; without any, the server listens on it for plain TCP.
    """
    program = program or valkey_program()
    listening = options if any(PORT in option for option in options) else ("--port", PORT, *options)
    with _on_a_port(program, "--save", "", "--bind", LOOPBACK, *listening) as (_, port):
        yield port


@contextmanager
def tls_server(authority: Authority, *options: str) -> Iterator[int]:
    """A server that speaks TLS and nothing else, and its port."""
    program = redis_program(authority.path.parent)
    with server(*tls_options(authority), *options, program=program) as port:
        yield port


def tls_options(authority: Authority) -> tuple[str, ...]:
    """A certificate for the server; its clients need none."""
    own = authority.issue("server")
    files = {"cert": own.certificate, "key": own.key, "ca-cert": authority.path}
    named = [part for name, path in files.items() for part in (f"--tls-{name}-file", str(path))]
    return ("--port", "0", "--tls-port", PORT, "--tls-auth-clients", "no", *named)


@contextmanager
def sentinel(
    directory: Path, master: int, name: str, *lines: str, program: str | None = None
) -> Iterator[tuple[ManagedProcess, int]]:
    """A Sentinel alone that watches the master on a port under a name: its process, and its port.

    ``lines`` of its configuration; in them the port is ``{port}``.
    """
    listening = lines if any(PORT in line for line in lines) else (f"port {PORT}", *lines)
    monitor = f"sentinel monitor {name} {LOOPBACK} {master} 1"
    # A line about a master comes after the one that names it.
    ordered = sorted([*listening, monitor], key=lambda line: line.startswith(f"sentinel auth-pass {name}"))
    text = "\n".join([f"bind {LOOPBACK}", f"dir {directory}", *ordered])
    config = directory / "sentinel.conf"
    with _on_a_port(program or valkey_program(), str(config), "--sentinel", config=(config, text)) as started:
        yield started


@contextmanager
def _on_a_port(
    program: str, *options: str, config: tuple[Path, str] | None = None
) -> Iterator[tuple[ManagedProcess, int]]:
    with kept_port() as port:
        if config:
            config[0].write_text(config[1].replace(PORT, str(port)))
        lines: list[str] = []
        argv = [program, *(option.replace(PORT, str(port)) for option in options)]
        with ManagedProcess("redis", argv, on_line=lines.append) as process:
            process.wait_until(lambda: _ready(lines), DEADLINE)
            yield process, port


def _ready(lines: list[str]) -> bool:
    return any(word in line for line in lines for word in READY)


if __name__ == "__main__":
    if find() is None:
        install("redis-tools")
    sys.exit(find() is None)
