"""Databases for a history: files of SQLite, and one PostgreSQL server for the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from taskbeam.gateway.history.address import history_address
from taskbeam.gateway.history.store import HistoryStore
from tests.support.postgresql import Postgres, running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="package")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'made' / 'history.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.create())


@pytest.fixture
def store(url: str) -> Iterator[HistoryStore]:
    store = HistoryStore(history_address(url))
    yield store
    store.close()
