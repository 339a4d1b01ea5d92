"""Where a history may be: an SQLite file, or a PostgreSQL database. No I/O."""

from __future__ import annotations

from importlib.util import find_spec

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

#: By what a URL begins with: the driver that is used.
_DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def history_address(text: str) -> URL:
    """The address that ``text`` gives. Raises `ValueError`, which never has the password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError("it is no URL of a database") from None
    if url.drivername not in _DRIVERS:
        raise ValueError("it begins with neither sqlite:/// nor postgresql://")
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise ValueError("it names no file: sqlite:////var/lib/taskbeam/history.db")
    if url.drivername != "sqlite" and find_spec("psycopg") is None:
        raise ValueError("PostgreSQL needs psycopg: pip install 'taskbeam[history]'")
    return url.set(drivername=_DRIVERS[url.drivername])
