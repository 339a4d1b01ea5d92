"""Where the gateway leaves uploads for the worker: a file each, named by its content."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import UploadGoneError

#: Seconds for which an upload is kept; its job and every retry of it are over by then.
KEPT = 24 * 60 * 60

# SHA-256 in hexadecimal. The name comes from a message: nothing else may become a path.
NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Uploads:
    """The folder that gateway and worker share; nobody is served from it."""

    folder: Path

    def read(self, name: str) -> bytes:
        """Return the upload. Raises UploadGoneError, and OSError of the disk."""
        if NAME.fullmatch(name) is None:
            raise UploadGoneError(name)
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise UploadGoneError(name) from None

    def sweep(self) -> None:
        """Remove what is kept for long enough. Raises OSError."""
        if not self.folder.is_dir():
            return  # nothing was ever uploaded
        oldest = time.time() - KEPT
        for path in self.folder.iterdir():
            # Another worker may sweep, and the same picture may be uploaded again, at the same time.
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except FileNotFoundError:
                continue
