"""The service with a folder of the tests' own in front: what is a file there is served from there.

``python -m tests.support.folder_service`` serves as ``python -m app`` does. The folder is that of
`TASKBEAM_FRONTEND_DIR`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from starlette.routing import Match, Mount

from app.main import create_app
from app.settings import Settings
from taskbeam.gateway import Files
from taskbeam.gateway.server.run import serve

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Scope


class FilesOfAFolder(Mount):
    """Takes the requests for files that are there, and leaves all others to the routes behind it."""

    def __init__(self, folder: Path) -> None:
        super().__init__("", app=Files(directory=folder, packed=True))
        self._folder = folder

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or not (self._folder / scope["path"].lstrip("/")).is_file():
            return Match.NONE, {}
        return super().matches(scope)


def main() -> int:
    settings = Settings()
    app = create_app(settings)
    app.router.routes.insert(0, FilesOfAFolder(settings.frontend_dir))
    return 0 if serve(app, settings) else 3


if __name__ == "__main__":
    sys.exit(main())
