"""A shop's database that is filled once, and a copy of it for each test that wants one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from stack.valkey import Valkey
from tests.support.postgresql import Postgres, running_postgres
from worker.database import Database
from worker.reports.files import ReportFiles
from worker.reports.service import ReportService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Every promise about what is stored is tested on both.
DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="package")
def valkey() -> Iterator[Valkey]:
    """The folder's own: nobody else's clients, scripts, queues or keys are there."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="package")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="package")
def filled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    Database(f"sqlite:///{path}").prepare()
    return path


@pytest.fixture(scope="package")
def filled_on_postgres(postgres: Postgres) -> str:
    """The name of the filled database there."""
    name = postgres.create()
    Database(postgres.url(name)).prepare()
    return name


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        filled = request.getfixturevalue("filled_database")
        return Database(f"sqlite:///{shutil.copy(filled, tmp_path / 'shop.db')}")
    server: Postgres = request.getfixturevalue("postgres")
    return Database(server.url(server.create(like=request.getfixturevalue("filled_on_postgres"))))


@pytest.fixture
def service(database: Database, tmp_path: Path) -> ReportService:
    return ReportService(database, ReportFiles(tmp_path / "files"))


@pytest.fixture(params=DATABASES)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/not/yet/there/shop.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.create())
