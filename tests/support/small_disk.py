"""A disk that a test can fill: a file system in memory, of a few megabytes."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The file that fills it.
_FILLER = "filler"

_CHUNK = 4096


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """On an empty folder, until the block ends.

    Raises:
        subprocess.CalledProcessError: this user may not mount (see mount(8)).
    """
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    subprocess.run(["mount", *options], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


def fill(folder: Path) -> None:
    """Leave no byte."""
    with suppress(OSError), (folder / _FILLER).open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(_CHUNK))


def empty(folder: Path) -> None:
    """Give back what `fill` took."""
    (folder / _FILLER).unlink()


def lacking() -> str:
    """Why there can be none on this machine; empty if there can."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder), 1):
                return ""
        except (OSError, subprocess.CalledProcessError):
            return "only root may mount a small disk"
