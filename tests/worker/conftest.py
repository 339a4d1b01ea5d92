"""A shop's database that is filled once, and a copy of it for each test that wants one."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from worker.database import Database
from worker.reports.files import ReportFiles
from worker.reports.service import ReportService
from worker.tables import Base


@pytest.fixture(scope="session")
def filled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    Database(f"sqlite:///{path}").prepare()
    return path


@pytest.fixture
def database(filled_database: Path, tmp_path: Path) -> Database:
    return Database(f"sqlite:///{shutil.copy(filled_database, tmp_path / 'shop.db')}")


@pytest.fixture
def service(database: Database, tmp_path: Path) -> ReportService:
    return ReportService(database, ReportFiles(tmp_path / "files"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables; PostgreSQL where TEST_POSTGRESQL_URL names one to empty."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/not/yet/there/shop.db"
        return
    url = os.environ.get("TEST_POSTGRESQL_URL")
    if url is None:
        pytest.skip("TEST_POSTGRESQL_URL names no PostgreSQL database")
    engine = create_engine(url)
    Base.metadata.drop_all(engine)
    yield url
    Base.metadata.drop_all(engine)
    engine.dispose()
