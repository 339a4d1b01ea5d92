"""How many bytes of files there may be in a folder, in all and of each owner.

Nobody counts along: now and then the folder itself is looked through, and what was stored here since then is
added. So several processes share a folder without knowing of each other, and each may be wrong by what the
others have stored for `FRESH` seconds.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds for which a look at the folder holds.
FRESH = 10.0

#: Bytes that a file takes at the least, however few it has: file systems allocate in blocks.
BLOCK = 4096

_DIGITS = frozenset("0123456789abcdef")
_DIGEST = 32


class NoRoomError(Exception):
    """A file is too much for the folder, or for its owner; the text says so to clients."""


def owner_folder(owner: str) -> str:
    """The name of the folder with an owner's files, below whatever folder: it tells nobody who that is."""
    return sha256(owner.encode(errors="surrogatepass")).hexdigest()[:_DIGEST]


class Room:
    """Of one folder: ``most`` bytes in all, and ``most_of_owner`` below each owner's `owner_folder`.

    Its methods wait for the disk, and threads may share it. ``clock`` counts seconds.
    """

    def __init__(
        self, folder: Path, most: int, most_of_owner: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._most = most
        self._most_of_owner = most_of_owner
        self._clock = clock
        self._lock = threading.Lock()
        self._seen_at: float | None = None
        self._all = 0
        self._by_owner: Counter[str] = Counter()

    def check(self, path: str, size: int) -> None:
        """Whether there is room for a file of ``size`` bytes; ``path`` is relative to the folder.

        Raises `NoRoomError`, and `OSError` of the disk.
        """
        size, owner = max(size, BLOCK), _owner_in(path)
        with self._lock:
            self._look()
            if self._all + size > self._most:
                raise NoRoomError("There is no room for more files at the moment.")
            if owner is not None and self._by_owner[owner] + size > self._most_of_owner:
                raise NoRoomError(f"The files of one owner have {self._most_of_owner} bytes at the most.")

    def add(self, path: str, size: int) -> None:
        """Such a file was stored."""
        with self._lock:
            self._count(path, max(size, BLOCK))

    def _look(self) -> None:
        now = self._clock()
        if self._seen_at is not None and now - self._seen_at < FRESH:
            return
        self._all, self._by_owner = 0, Counter()
        for folder, _, files in os.walk(self._folder):
            below = Path(folder).relative_to(self._folder)
            for name in files:
                self._count((below / name).as_posix(), _size(self._folder / below / name))
        self._seen_at = now

    def _count(self, path: str, size: int) -> None:
        self._all += size
        if (owner := _owner_in(path)) is not None:
            self._by_owner[owner] += size


def _owner_in(path: str) -> str | None:
    """The first folder of the path that is an owner's."""
    *folders, _ = path.split("/")
    owners = (name for name in folders if len(name) == _DIGEST and _DIGITS.issuperset(name))
    return next(owners, None)


def _size(path: Path) -> int:
    try:
        return max(path.lstat().st_size, BLOCK)
    except FileNotFoundError:
        return 0  # somebody else has swept it
