"""Whether the database of the history can be used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from taskbeam.gateway.history.database import opened

if TYPE_CHECKING:
    from sqlalchemy import URL


def history_failure(url: URL) -> str | None:
    """Why a gateway could not use it; None: it could. Waits some seconds for it.

    ``url``: of `history_address`. Where there is no table it is made, as the gateway would. An SQLite file is
    not: it would belong to whoever looks, who may be another user.
    """
    if url.drivername == "sqlite":
        path = Path(url.database or "")
        if not path.exists():
            return _why_not_made(path)
    try:
        opened(url).dispose()
    except DBAPIError as error:
        return " ".join(str(error.orig).split())
    except (SQLAlchemyError, OSError) as error:
        return " ".join(str(error).split())
    return None


def _why_not_made(path: Path) -> str | None:
    """Its folders are made, too, below the first that is there."""
    there = next(folder for folder in path.absolute().parents if folder.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return None
    return f"there is no {path}, and {there} is no folder in which this user may write"
