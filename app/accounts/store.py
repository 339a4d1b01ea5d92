"""The accounts, in an SQLite file that all processes of the service share. Its methods wait for the disk."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Seconds that a writer waits for another one.
_BUSY = 10.0

_TABLES = """
CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, password TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS signing_key (one INTEGER PRIMARY KEY CHECK (one = 1), key BLOB NOT NULL) STRICT;
"""


class AccountStore:
    """Names with their passwords' hashes, and the key that signs sessions. It is opened when it is used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, name: str, password: str) -> bool:
        """Keep a new account with the hash of its password; False where the name is taken."""
        with closing(self._open()) as database, database:
            added = database.execute("INSERT OR IGNORE INTO accounts VALUES (?, ?)", (name, password))
            return added.rowcount == 1

    def password_of(self, name: str) -> str | None:
        """The hash of the account's password; None where there is no such account."""
        with closing(self._open()) as database:
            row = database.execute("SELECT password FROM accounts WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def signing_key(self) -> bytes:
        """What signs sessions, for all processes and until the file is removed; the first caller makes it."""
        with closing(self._open()) as database, database:
            database.execute("INSERT OR IGNORE INTO signing_key VALUES (1, ?)", (os.urandom(32),))
            key: bytes = database.execute("SELECT key FROM signing_key").fetchone()[0]
        return key

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():
            self._path.touch(mode=0o600)
        database = sqlite3.connect(self._path, timeout=_BUSY)
        database.executescript(_TABLES)
        return database
