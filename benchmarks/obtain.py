"""What peers need and this machine may lack: Debian packages, and programs that are compiled once.

An `UnavailableError` of these says what to do about it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from .recipes.recipe import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: What was compiled stays here.
CACHE = Path("var/bench/bin")
#: Seconds that a compiler or a package manager may take.
TIMEOUT = 1200.0
#: Others who use the machine go first.
GENTLY = ("nice", "-n", "19")


def python_package(name: str) -> str:
    """The version of an installed package; raises `UnavailableError` when it is not installed."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        raise UnavailableError(f"{name} is not installed: pip install -e '.[dev]'") from None


def debian_packages(names: Sequence[str], probe: Path, *, obtain: bool) -> None:
    """See that ``probe``, a file of these packages, is there; raises `UnavailableError`."""
    if probe.exists():
        return
    wish = f"apt-get install {' '.join(names)}"
    if not obtain or shutil.which("apt-get") is None or os.geteuid() != 0:
        raise UnavailableError(f"needs {wish}")
    # Debian would start the service; here only the program is wanted.
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (("apt-get", "update"), (*wish.split(), "--yes", "--no-install-recommends")):
        _run(command, environment=environment)
    if not probe.exists():
        raise UnavailableError(f"{wish} brought no {probe}")


def compiled(compiler: Sequence[str], sources: Path, *, obtain: bool) -> Path:
    """The program that ``compiler -o PROGRAM SOURCE`` makes of a file or a directory, made only once.

    Raises `UnavailableError` when there is no such compiler, or when it fails.
    """
    files = sorted(sources.iterdir()) if sources.is_dir() else [sources]
    program = (CACHE / f"{sources.stem}-{_fingerprint(files)}").resolve()
    if program.exists():
        return program
    if shutil.which(compiler[0]) is None:
        raise UnavailableError(f"needs the command {compiler[0]}")
    if not obtain:
        raise UnavailableError("was not compiled yet: make bench does it")
    CACHE.mkdir(parents=True, exist_ok=True)
    where, what = (sources, ".") if sources.is_dir() else (sources.parent, sources.name)
    _run((*GENTLY, *compiler, "-o", str(program), what), directory=where)
    return program


def _fingerprint(files: Iterable[Path]) -> str:
    digest = sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _run(
    command: Sequence[str], *, directory: Path | None = None, environment: dict[str, str] | None = None
) -> None:
    try:
        ended = subprocess.run(
            command,
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(str(error)) from error
    if ended.returncode:
        last = ended.stdout.strip().splitlines()[-1:] or ["no output"]
        raise UnavailableError(f"{' '.join(command)}: {last[0]}")
