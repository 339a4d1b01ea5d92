"""The database fills itself once, however many workers start at the same time."""

import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest
from sqlalchemy import func, select, text

from worker.database import Database
from worker.reports.sample import USERS
from worker.reports.tables import OrderLineRow, OrderRow, UserRow

# Says that it is there, waits for the word, then prepares the database as a starting worker does.
STARTING_WORKER = """
import sys
from worker.database import Database
print("there", flush=True)
sys.stdin.readline()
Database(sys.argv[1]).prepare()
"""


def counts(url: str) -> tuple[int | None, ...]:
    tables = (UserRow, OrderRow, OrderLineRow)
    with Database(url).session() as session:
        return tuple(session.scalar(select(func.count()).select_from(table)) for table in tables)


def test_workers_that_start_together_load_the_data_once(empty_database: str, filled_database: Path) -> None:
    command = [sys.executable, "-c", STARTING_WORKER, empty_database]
    workers = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) for _ in range(4)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "there\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    errors = [worker.communicate(timeout=60)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0, 0], errors
    assert counts(empty_database) == counts(f"sqlite:///{filled_database}")


def test_nothing_is_opened_before_the_first_session(tmp_path: Path) -> None:
    Database(f"sqlite:///{tmp_path}/shop.db")
    assert list(tmp_path.iterdir()) == []


def test_a_filled_database_is_left_alone(database: Database) -> None:
    with database.session() as session:
        user = session.get_one(UserRow, 123)
        user.company = "Renamed"
        session.commit()
        url = session.get_bind().engine.url.render_as_string(hide_password=False)
    again = Database(url)
    again.prepare()
    with again.session() as session:
        assert session.get_one(UserRow, 123).company == "Renamed"
        assert session.scalar(select(func.count()).select_from(UserRow)) == USERS


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sqlite_readers_do_not_wait_for_writers(database: Database) -> None:
    with database.session() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA busy_timeout")) == 20_000
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
