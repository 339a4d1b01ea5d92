"""The table of the history. What it is searched by are columns; all that is told of a task is one text.

So a later version may tell more of a task, and the table stays as it is.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table, Text

metadata = MetaData()

#: Ordered by its bytes, as Redis orders the members of a sorted set.
_ID = String(255).with_variant(String(255, collation="C"), "postgresql")

tasks = Table(
    "taskbeam_history",
    metadata,
    Column("id", _ID, primary_key=True),
    # Of its journal: one id may have several lives.
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    # Milliseconds.
    Column("sent", BigInteger, nullable=False),
    Column("ts", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    # What a search looks at.
    Column("words", Text, nullable=False),
    # The row of the operators' list, and what is kept of Celery's result, as JSON.
    Column("row", Text, nullable=False),
    Column("meta", Text),
    Index("taskbeam_history_sent", "sent", "id"),
    Index("taskbeam_history_kind", "kind", "sent", "id"),
)
