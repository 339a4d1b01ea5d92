"""Files that are stored whole or not at all, and kept for the tasks that name them."""

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from taskbeam.storage import NoRoomError, Room


class StorageFullError(OSError):
    """The disk, or what we or the owner may use of it, is full."""


def by_nobody(path: str) -> None:
    """Where no task runs."""


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """The folder of stored files; paths are relative to it.

    ``claim`` says that the running task needs the file of a path, there or not yet. ``room`` is how much may
    be stored; None = any amount.
    """

    files_dir: Path
    claim: Callable[[str], None] = by_nobody
    room: Room | None = None

    def keep(self, path: str) -> os.stat_result | None:
        """Say that a stored file is needed again, so that it is not swept now; None where there is none."""
        self.claim(path)
        try:
            stat = (self.files_dir / path).stat()
            os.utime(self.files_dir / path, ns=(time.time_ns(), stat.st_mtime_ns))
        except FileNotFoundError:
            return None
        return stat

    def store(self, path: str, content: bytes) -> None:
        """Put the content there in one step. Raises StorageFullError and other OSErrors; see `store`."""
        self.claim(path)
        if self.room is not None:
            try:
                self.room.check(path, len(content))
            except NoRoomError as error:
                raise StorageFullError(errno.EDQUOT, str(error), path) from None
        store(self.files_dir / path, content)
        if self.room is not None:
            self.room.add(path, len(content))


def store(path: Path, content: bytes) -> None:
    """Put the content at the path in one step: nobody ever downloads half a file.

    Raises StorageFullError and other OSErrors, with no trace left behind.
    """
    try:
        _store(path, content)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFullError(error.errno, error.strerror, str(path)) from error
        raise


def _store(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        unfinished = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            # Temporary files are private to their owner; the gateway may run as somebody else.
            unfinished.chmod(0o644)
            unfinished.replace(path)
        except BaseException:  # the soft time limit, too, may strike here
            unfinished.unlink(missing_ok=True)
            raise
