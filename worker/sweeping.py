"""How long files are kept: as long as a task that needs them can be read, and unclaimed ones for a time."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .claims import Claim, Claims

logger = logging.getLogger(__name__)

# Seconds for which nothing goes that a task has just stored or found: its claim may be under way.
GRACE = 60.0


class Kept(NamedTuple):
    """A file: where it is, how many bytes it has, and when it was last needed (Unix seconds)."""

    path: Path
    size: int
    used: float


def why_to_go(file: Kept, claim: Claim, now: float, keep: float) -> str | None:
    """Why the file is to go; None if it stays. What nobody has claimed is kept for ``keep`` seconds."""
    idle = now - file.used
    match claim:
        case Claim.EXPIRED if idle >= GRACE:
            return "the tasks that needed it have expired"
        case Claim.NEVER if idle >= keep:
            return "it was kept for long enough"
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Sweeps a folder."""

    folder: Path
    keep: float
    claims: Claims

    def sweep(self) -> None:
        """Remove what is to go, and say so in the log. Raises OSError, and redis-py's errors."""
        files, now = self._files(), time.time()
        names = [file.path.relative_to(self.folder).as_posix() for file in files]
        for file, name, claim in zip(files, names, self.claims.of(names), strict=True):
            why = why_to_go(file, claim, now, self.keep)
            if why is not None and not self._was_needed_since(file):
                file.path.unlink(missing_ok=True)  # another worker may sweep at the same time
                self.claims.forget(name)
                logger.info("Removed %s (%s bytes) in %s: %s", name, file.size, self.folder, why)

    def _was_needed_since(self, file: Kept) -> bool:
        found = _kept(file.path)
        return found is not None and found.used > file.used

    def _files(self) -> list[Kept]:
        paths = self.folder.rglob("*") if self.folder.is_dir() else ()
        return [found for path in paths if (found := _kept(path)) is not None]


def _kept(path: Path) -> Kept | None:
    try:
        stat = path.lstat()
    except FileNotFoundError:
        return None
    return Kept(path, stat.st_size, max(stat.st_mtime, stat.st_atime)) if path.is_file() else None
