"""A shop's database that is filled once, and a copy of it for each test that wants one."""

import shutil
from pathlib import Path

import pytest

from worker.reports.database import Database
from worker.reports.files import ReportFiles
from worker.reports.service import ReportService


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
