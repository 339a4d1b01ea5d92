"""Where the gateway leaves uploads for the worker: a file each, named by owner and content."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..storing import by_nobody
from .errors import UploadGoneError

# HMAC-SHA256 in hexadecimal, in the owner's folder if there is an owner. The name comes from a message:
# nothing else may become a path.
NAME = re.compile(r"([0-9a-f]{32}/)?[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Uploads:
    """The folder that gateway and worker share; nobody is served from it.

    ``claim`` says that the running task needs the upload of a name.
    """

    folder: Path
    claim: Callable[[str], None] = by_nobody

    def read(self, name: str) -> bytes:
        """Return the upload. Raises UploadGoneError, and OSError of the disk."""
        if NAME.fullmatch(name) is None:
            raise UploadGoneError(name)
        self.claim(name)
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise UploadGoneError(name) from None
