"""Uploads on their way to a worker: a file each, named by its content, in a folder that both share.

The bytes do not travel through the broker, which keeps every message in memory.
"""

from __future__ import annotations

import asyncio
import os
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from taskbeam.gateway.problems import BAD_REQUEST, TOO_LARGE, TaskbeamError

if TYPE_CHECKING:
    from starlette.requests import Request


async def receive_upload(request: Request, folder: Path, limit: int) -> str:
    """Store the request's body as it comes in; returns its SHA-256 in hexadecimal, the file's name.

    The same content lands in the same file, which is there whole or not at all.
    Raises `TaskbeamError` ``too_large`` and ``bad_request``, and OSError.
    """
    if int(request.headers.get("content-length", 0)) > limit:
        raise TaskbeamError(TOO_LARGE, f"At most {limit} bytes.")
    upload = await asyncio.to_thread(_Upload, folder)
    try:
        async for chunk in request.stream():
            if upload.size + len(chunk) > limit:
                raise TaskbeamError(TOO_LARGE, f"At most {limit} bytes.")
            await asyncio.to_thread(upload.write, chunk)
        if not upload.size:
            raise TaskbeamError(BAD_REQUEST, "The body is empty.")
        return await asyncio.to_thread(upload.publish)
    except ClientDisconnect:
        raise TaskbeamError(BAD_REQUEST, "The body is incomplete.") from None
    finally:
        await asyncio.to_thread(upload.discard)


class _Upload:
    """A file that nobody sees before it is whole. Its methods wait for the disk."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.size = 0
        self._folder = folder
        self._digest = sha256()
        self._file = NamedTemporaryFile(dir=folder, prefix=".", delete=False)  # noqa: SIM115
        self._path = Path(self._file.name)

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def publish(self) -> str:
        name = self._digest.hexdigest()
        self._file.flush()
        os.fsync(self._file.fileno())
        # Temporary files are private to their owner; the worker may run as somebody else of our group.
        self._path.chmod(0o640)
        self._path.replace(self._folder / name)
        return name

    def discard(self) -> None:
        """Leave nothing behind but what was published."""
        self._file.close()
        self._path.unlink(missing_ok=True)
