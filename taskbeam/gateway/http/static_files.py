"""Static files: the page, and what the jobs stored."""

from __future__ import annotations

import errno
import os
import re
import stat
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.websockets import WebSocketClose

from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.packed import VARY, packed
from taskbeam.journal.stored import is_file_path

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

#: What the system says of a name that no file has, or of a file that is not ours to read.
_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EACCES, errno.ELOOP})

#: The name of a file that changes with its content, as the bundler makes it.
_HASHED = re.compile(r"-[A-Z0-9]{8}\.(css|js)$")


def find_file(folder: str | os.PathLike[str], path: str) -> tuple[Path, os.stat_result] | None:
    """Return where the file is that ``path`` names below the folder, and its stat; None for none.

    Only a regular file that this process may read is one. A directory, a name that `is_file_path` refuses,
    and a link that leads out of the folder are none. Raises `OSError` where the disk fails.
    """
    if not is_file_path(path):
        return None
    root = Path(folder).resolve()
    try:
        found = (root / path).resolve(strict=True)
        status = found.stat()
    except RuntimeError:  # links in a circle, before Python 3.13
        return None
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise
    served = found.is_relative_to(root) and stat.S_ISREG(status.st_mode) and os.access(found, os.R_OK)
    # By the name that was asked for, which also says what kind of file it is.
    return (root / path, status) if served else None


class Files(StaticFiles):
    """Files of a folder, over HTTP. A WebSocket finds nothing here (Starlette's own would fail)."""

    def __init__(
        self, *, private: bool = False, hashed: bool = False, packed: bool = False, **given: Any
    ) -> None:
        """``private``: no cache that several readers share keeps them.

        ``hashed``: what has a name such as ``page-4CZ2LMPX.js`` never changes. ``packed``: whoever made the
        folder put each file beside itself compressed (``.br``, ``.gz``), and it is sent so to whoever takes
        that. The rest is Starlette's.
        """
        super().__init__(**given)
        self._private = private
        self._hashed = hashed
        self._packed = packed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def get_path(self, scope: Scope) -> str:
        """What stands behind the mount, as it is: Starlette would resolve `..` first."""
        path: str = scope["path"]
        return path.removeprefix(scope.get("root_path", "")).removeprefix("/")

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """See `find_file`."""
        assert self.directory is not None
        found = find_file(self.directory, path)
        return (str(found[0]), found[1]) if found else ("", None)

    async def get_response(self, path: str, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        response = await super().get_response(path, scope)
        vary = (VARY,) if self._packed else ()
        response.headers.update(cache_headers(response.status_code, self._keep(path), *vary))
        return response

    def _keep(self, path: str) -> Keep:
        if self._private:
            return Keep.READER
        return Keep.FOREVER if self._hashed and _HASHED.search(path) else Keep.ANYBODY

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Starlette's, or of the same file compressed. A part of a file is one of the file as it is."""
        headers = Headers(scope=scope)
        accepts = headers.get("accept-encoding", "") if self._packed and "range" not in headers else ""
        assert self.directory is not None
        name = os.path.relpath(full_path, Path(self.directory).resolve())
        found = packed(name, accepts, self.lookup_path)
        if found is None:
            return super().file_response(full_path, stat_result, scope, status_code)
        path, coding, status = found
        response = FileResponse(
            path, status_code, {"Content-Encoding": coding}, guess_type(full_path)[0], stat_result=status
        )
        unchanged = self.is_not_modified(response.headers, headers)
        return NotModifiedResponse(response.headers) if unchanged else response

    async def check_config(self) -> None:
        """A folder that is not there yet is an empty one, and no error."""
