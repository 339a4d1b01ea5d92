"""Opens the database of the history, and makes its table where there is none."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, func, select

from taskbeam.gateway.history.table import metadata

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

#: Seconds that a writer waits for another one, a connection for its server, and a statement for its end.
_BUSY, _CONNECTING, _STATEMENT = 5, 5, 20

#: Connections: one writes, one counts, others read.
CONNECTIONS = 5

#: Any number will do, as long as nobody else in the database takes the same advisory lock.
_SETUP_LOCK = 0x7A5_BEA7


def opened(url: URL) -> Engine:
    """The database, with its table. Waits for it; raises SQLAlchemy's errors, and `OSError`.

    No error and no log line has values of a row: they may be somebody's secrets.
    """
    sqlite = url.drivername == "sqlite"
    if sqlite:
        _make_file(Path(url.database or ""))
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=_CONNECTING,
        pool_pre_ping=not sqlite,
        connect_args={"timeout": _BUSY} if sqlite else postgresql_arguments(url),
    )
    try:
        if sqlite:
            event.listen(engine, "connect", _set_up_connection)
        with engine.begin() as connection:
            _make_table(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


def postgresql_arguments(url: URL) -> dict[str, Any]:
    """What a connection is made with beside the URL; what the URL says itself holds.

    Of several options of one name the server takes the last one.
    """
    asked = url.normalized_query
    ours = {"connect_timeout": _CONNECTING, "application_name": "taskbeam"}
    bounds = f"-c statement_timeout={_STATEMENT}s -c lock_timeout={_BUSY}s"
    return {
        **{name: value for name, value in ours.items() if name not in asked},
        "options": " ".join([bounds, *asked.get("options", ())]),
    }


def _make_file(path: Path) -> None:
    """Nobody else on the machine may read what tasks were called with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)


def _set_up_connection(connection: Any, _record: object) -> None:
    """Readers go on while somebody writes. The first connection of all switches the file over.

    When several do so at once, SQLite refuses all but one without heeding its time-out, so wait here.
    """
    connection.execute("PRAGMA synchronous = NORMAL")
    deadline = time.monotonic() + _BUSY
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _make_table(connection: Connection) -> None:
    """In one transaction that only one process is in at a time."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(select(func.pg_advisory_xact_lock(_SETUP_LOCK)))
    metadata.create_all(connection)
