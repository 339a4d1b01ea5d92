"""Uploads on their way to a worker: a file each, named by owner and content, in a folder that both share.

The bytes do not travel through the broker, which keeps every message in memory.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from taskbeam.gateway.problems import BAD_REQUEST, INSUFFICIENT_STORAGE, TOO_LARGE, TaskbeamError
from taskbeam.storage import NoRoomError, Room, owner_folder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

#: Bytes that are taken from a quota at once, where a body does not say how large it is.
PIECE = 256 * 1024

#: What the system says where a disk, or a user's part of it, is full.
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Uploads:
    """The folder: an upload has ``limit`` bytes at the most, and all of them what there is ``room`` for."""

    def __init__(self, folder: Path, limit: int, room: Room) -> None:
        self._folder = folder
        self._limit = limit
        self._room = room

    async def receive(
        self, request: Request, take: Callable[[int], Awaitable[None]], owner: str | None = None
    ) -> str:
        """Store the request's body as it comes in; returns the file's name.

        That is its HMAC-SHA256 in hexadecimal, in the owner's folder where there is an owner, who is the key,
        too: the same content of the same owner lands in the same file, which is there whole or not at all.
        That of another owner lands elsewhere, so nobody notices what others have uploaded. ``take`` takes
        bytes from the sender's quota: all that the request says it has, else a piece at a time.
        Raises `TaskbeamError` ``too_large``, ``bad_request`` and ``insufficient_storage``, what ``take``
        raises, and OSError. Then nothing is left behind.
        """
        try:
            return await self._receive(request, take, owner)
        except ClientDisconnect:
            raise TaskbeamError(BAD_REQUEST, "The body is incomplete.") from None
        except NoRoomError as error:
            raise TaskbeamError(INSUFFICIENT_STORAGE, str(error)) from None
        except OSError as error:
            if error.errno in _FULL:
                raise TaskbeamError(INSUFFICIENT_STORAGE) from error
            raise

    async def _receive(
        self, request: Request, take: Callable[[int], Awaitable[None]], owner: str | None
    ) -> str:
        taken = int(request.headers.get("content-length", 0))
        self._check_size(taken)
        below = "" if owner is None else f"{owner_folder(owner)}/"
        await asyncio.to_thread(self._room.check, below, taken)
        if taken:
            await take(taken)
        upload = await asyncio.to_thread(_Upload, self._folder, below, owner or "")
        try:
            async for chunk in request.stream():
                self._check_size(upload.size + len(chunk))
                if upload.size + len(chunk) > taken:
                    await take(PIECE)
                    taken += PIECE
                await asyncio.to_thread(upload.write, chunk)
            if not upload.size:
                raise TaskbeamError(BAD_REQUEST, "The body is empty.")
            await asyncio.to_thread(self._room.check, below, upload.size)
            name = await asyncio.to_thread(upload.publish)
        finally:
            await asyncio.to_thread(upload.discard)
        self._room.add(below, upload.size)
        return name

    def _check_size(self, size: int) -> None:
        if size > self._limit:
            raise TaskbeamError(TOO_LARGE, f"At most {self._limit} bytes.")


class _Upload:
    """A file that nobody sees before it is whole. Its methods wait for the disk."""

    def __init__(self, folder: Path, below: str, owner: str) -> None:
        self.size = 0
        self._folder = folder
        self._below = below
        (folder / below).mkdir(parents=True, exist_ok=True)
        self._digest = hmac.new(owner.encode(), digestmod="sha256")
        self._file = NamedTemporaryFile(dir=folder / below, prefix=".", delete=False)  # noqa: SIM115
        self._path = Path(self._file.name)

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def publish(self) -> str:
        name = f"{self._below}{self._digest.hexdigest()}"
        self._file.flush()
        os.fsync(self._file.fileno())
        # Temporary files are private to their owner; the worker may run as somebody else of our group.
        self._path.chmod(0o640)
        self._path.replace(self._folder / name)
        return name

    def discard(self) -> None:
        """Leave nothing behind but what was published."""
        with suppress(OSError):  # what was not written yet does not fit on a full disk
            self._file.close()
        self._path.unlink(missing_ok=True)
