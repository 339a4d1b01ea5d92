"""Who has asked to be mailed when a report has ended, in the shop's database. Its methods wait for that.

A row has no address. It is looked up when the mail is sent: so it is the user's own, it is kept in one place,
and where it was removed nobody is mailed.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    Float,
    Integer,
    MetaData,
    NullPool,
    Table,
    Text,
    column,
    create_engine,
    delete,
    insert,
    make_url,
    select,
    table,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

#: Seconds that a row is kept at the most: longer than a job and the tries at its webhook take.
KEPT = 7 * 24 * 3600.0

#: Seconds that a writer waits for another one on SQLite.
_BUSY = 20.0

#: By task: about which user the report is, and whose the task is.
_ASKED = Table(
    "report_mails",
    MetaData(),
    Column("task_id", Text, primary_key=True),
    Column("user_id", Integer, nullable=False),
    Column("owner", Text),
    Column("asked_at", Float(53), nullable=False),
)

#: The shop's own, which the worker makes: where each user is written to.
_ADDRESSES = table("addresses", column("user_id", Integer), column("email", Text))


class Asked:
    """Rows in the database of ``url``, as SQLAlchemy writes it. It is opened when it is used.

    Methods raise `SQLAlchemyError` where the database does not answer, or has no addresses yet.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine: Engine | None = None

    def is_address(self, user_id: int, email: str) -> bool:
        """Whether this is where the user is written to."""
        with self._opened().connect() as connection:
            known = connection.scalar(select(_ADDRESSES.c.email).where(_ADDRESSES.c.user_id == user_id))
        return known is not None and known.casefold() == email.casefold()

    def add(self, task_id: str, user_id: int, owner: str | None) -> None:
        """The user is to be mailed how the task, which is the owner's, has ended. Twice is once."""
        now = time.time()
        row = {"task_id": task_id, "user_id": user_id, "owner": owner, "asked_at": now}
        with self._opened().begin() as connection:
            connection.execute(delete(_ASKED).where(_ASKED.c.asked_at < now - KEPT))
        with suppress(IntegrityError), self._opened().begin() as connection:
            connection.execute(insert(_ASKED).values(row))

    def address(self, task_id: str, owner: str | None) -> str | None:
        """Where to mail how the task has ended; None where nobody asked for a task of this owner."""
        asked = select(_ADDRESSES.c.email).join(_ASKED, _ASKED.c.user_id == _ADDRESSES.c.user_id)
        its_own = _ASKED.c.owner.is_not_distinct_from(owner)
        with self._opened().connect() as connection:
            found: str | None = connection.scalar(asked.where(_ASKED.c.task_id == task_id, its_own))
        return found

    def remove(self, task_id: str) -> None:
        """Nobody is to be mailed about the task any more."""
        with self._opened().begin() as connection:
            connection.execute(delete(_ASKED).where(_ASKED.c.task_id == task_id))

    def _opened(self) -> Engine:
        if self._engine is None:
            options = {"timeout": _BUSY} if self._url.get_backend_name() == "sqlite" else {}
            engine = create_engine(self._url, poolclass=NullPool, connect_args=options)
            # PostgreSQL may say that somebody else has just made it.
            with suppress(IntegrityError), engine.begin() as connection:
                connection.execute(CreateTable(_ASKED, if_not_exists=True))
            self._engine = engine
        return self._engine
