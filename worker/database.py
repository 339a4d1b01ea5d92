"""The database: how it is opened, and how its tables and sample data come to be."""

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, NullPool, create_engine, event, func, insert, select
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.orm import Session

from .reports.sample import sample
from .reports.tables import AddressRow, OrderLineRow, OrderRow, ProductRow, UserRow
from .tables import Base

# How long a writer waits for another one on SQLite before it gives up.
SQLITE_BUSY_SECONDS = 20

# Any number will do, as long as nobody else in the database takes the same advisory lock.
POSTGRESQL_SETUP_LOCK = 0x7A5_BEA3


class Database:
    """Sessions on SQLite or PostgreSQL.

    Nothing is opened before the first session, and no connection outlives its session: what a worker
    process inherits when Celery forks it holds no socket and no file.
    """

    def __init__(self, url: str) -> None:
        """Remember where the database is. Raises ArgumentError for what is no database URL."""
        self._url = make_url(url)
        self._engine: Engine | None = None

    def prepare(self) -> Engine:
        """On first use in a process, make sure that the tables and their data are there.

        Raises OperationalError while the database cannot be reached: worth another try.
        """
        if self._engine is None:
            self._engine = _opened(self._url)
        return self._engine

    def session(self) -> Session:
        """Return a new session on the prepared database. Raises what `prepare` raises."""
        return Session(self.prepare())


def _opened(url: URL) -> Engine:
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _set_up_sqlite)
    with engine.connect() as connection:
        _set_up(connection)
        connection.commit()
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {SQLITE_BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA foreign_keys = ON")
    _use_write_ahead_log(connection)


def _use_write_ahead_log(connection: Any) -> None:
    """Let readers go on while somebody writes. The first connection of all switches the file over.

    When several do so at once, SQLite refuses all but one without heeding the busy timeout, so wait here.
    """
    deadline = time.monotonic() + SQLITE_BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _set_up(connection: Connection) -> None:
    """Create what is missing, in one transaction that only one process is in at a time."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(select(func.pg_advisory_xact_lock(POSTGRESQL_SETUP_LOCK)))
    Base.metadata.create_all(connection)
    if connection.scalar(select(UserRow.id).limit(1)) is None:
        _load_sample(connection)


def _load_sample(connection: Connection) -> None:
    rows = sample()
    connection.execute(insert(UserRow), rows.users)
    connection.execute(insert(AddressRow), rows.addresses)
    connection.execute(insert(ProductRow), rows.products)
    connection.execute(insert(OrderRow), rows.orders)
    connection.execute(insert(OrderLineRow), rows.order_lines)
