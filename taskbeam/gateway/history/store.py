"""Writes the history and reads it. Its methods wait for the database, and raise SQLAlchemy's errors."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, case, delete, func, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from taskbeam.gateway.dashboard.place import Place
from taskbeam.gateway.history.database import opened
from taskbeam.gateway.history.table import tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import URL, ColumnElement, Engine, Subquery

#: Rows that one statement drops.
DROPPED = 1000


class Search(NamedTuple):
    """Which rows are wanted, the newest first: sent in ``[since, until]`` (ms), and behind a place.

    ``kind``: None = any. ``words``: all stand in the row's.
    """

    words: Sequence[str]
    kind: str | None
    since: int
    until: int | None
    before: Place | None


class Piece(NamedTuple):
    """Rows as they were kept, by their places. ``reached``: up to where was looked; None: to the end."""

    rows: list[tuple[Place, str]]
    reached: Place | None


class HistoryStore:
    """Opened when it is used; several threads may do so at once."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._lock = Lock()
        self._opened: Engine | None = None

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Keep rows, as `columns_of` makes them. What is there already is replaced, unless it is newer.

        Of two that are of the same moment the one stays that says more: what is read from a journal later
        does not know the worker, say.
        """
        engine = self._engine()
        dialect = sqlite if engine.dialect.name == "sqlite" else postgresql
        adding = dialect.insert(tasks)
        new, old = adding.excluded, tasks.c
        better = or_(new.ts > old.ts, func.length(new.row) > func.length(old.row))
        columns = ("sent", "ts", "kind", "words", "row")
        replaced: dict[str, Any] = {name: case((better, new[name]), else_=old[name]) for name in columns}
        # What Celery has stored may have expired since.
        replaced["meta"] = func.coalesce(new.meta, old.meta)
        statement = adding.on_conflict_do_update(
            index_elements=[old.id, old.epoch], set_=replaced, where=new.ts >= old.ts
        )
        with engine.begin() as connection:
            connection.execute(statement, list(rows))

    def find(self, search: Search, look: int, most: int) -> Piece:
        """At most ``most`` rows, of the next ``look`` that are of this kind and time."""
        # Where every row fits, the first ones are those.
        window = _window(search, look if search.words else most)
        wanted = select(window.c.sent, window.c.id, window.c.row)
        wanted = wanted.where(*(window.c.words.contains(word, autoescape=True) for word in search.words))
        wanted = wanted.order_by(window.c.sent.desc(), window.c.id.desc()).limit(most)
        with self._engine().connect() as connection:
            rows = [(Place(sent, task_id), row) for sent, task_id, row in connection.execute(wanted)]
            if len(rows) == most:
                return Piece(rows, rows[-1][0])
            last = select(window.c.sent, window.c.id).offset(look - 1).limit(1)
            last = last.order_by(window.c.sent.desc(), window.c.id.desc())
            reached = connection.execute(last).first() if search.words else None
        return Piece(rows, None if reached is None else Place(*reached))

    def counts(self) -> dict[str, int]:
        """How many rows there are, by kind."""
        statement = select(tasks.c.kind, func.count()).group_by(tasks.c.kind)
        with self._engine().connect() as connection:
            return {row[0]: row[1] for row in connection.execute(statement)}

    def newest(self, task_id: str) -> tuple[str, str | None] | None:
        """The row of the task's newest life, and what is kept of Celery's result."""
        statement = select(tasks.c.row, tasks.c.meta).where(tasks.c.id == task_id)
        with self._engine().connect() as connection:
            found = connection.execute(statement.order_by(tasks.c.epoch.desc()).limit(1)).first()
        return None if found is None else (found[0], found[1])

    def drop(self, sent_before: int) -> int:
        """Drop some of those that were sent before (ms); returns how many: at most `DROPPED`."""
        old = select(tasks.c.id, tasks.c.epoch).where(tasks.c.sent < sent_before).limit(DROPPED)
        with self._engine().begin() as connection:
            return connection.execute(
                delete(tasks).where(tuple_(tasks.c.id, tasks.c.epoch).in_(old))
            ).rowcount

    def close(self) -> None:
        """Close its connections."""
        with self._lock:
            if self._opened is not None:
                self._opened.dispose()
                self._opened = None

    def _engine(self) -> Engine:
        with self._lock:
            if self._opened is None:
                self._opened = opened(self._url)
            return self._opened


def _window(search: Search, look: int) -> Subquery:
    """The next rows, whatever their words: so many that a search costs the database a bounded time."""
    old = tasks.c
    where: list[ColumnElement[bool]] = [old.sent >= search.since]
    if search.kind is not None:
        where.append(old.kind == search.kind)
    if search.until is not None:
        where.append(old.sent <= search.until)
    if search.before is not None:
        where.append(tuple_(old.sent, old.id) < tuple_(search.before.sent, search.before.task_id))
    rows = select(old.sent, old.id, old.words, old.row).where(and_(*where))
    return rows.order_by(old.sent.desc(), old.id.desc()).limit(look).subquery()
