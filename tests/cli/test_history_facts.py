"""Whether the doctor sees that the database of the history cannot be used, and leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stack.ports import LOOPBACK
from taskbeam.cli.checks.history_facts import history_failure
from taskbeam.gateway.history.address import history_address
from taskbeam.gateway.history.database import opened
from tests.support import nobody

if TYPE_CHECKING:
    from pathlib import Path


def failure(file: Path) -> str | None:
    return history_failure(history_address(f"sqlite:///{file}"))


def test_a_file_is_not_made(tmp_path: Path) -> None:
    assert failure(tmp_path / "later" / "history.db") is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    opened(history_address(f"sqlite:///{file}")).dispose()
    assert failure(file) is None


def test_a_file_without_a_folder_to_be_in(tmp_path: Path) -> None:
    note = tmp_path / "note"
    note.touch()
    assert f"{note} is no folder" in (failure(note / "history.db") or "")


def test_a_file_of_something_else(tmp_path: Path) -> None:
    note = tmp_path / "note"
    note.write_text("a note, and no database" * 100)
    assert failure(note) == "file is not a database"


def test_a_server_that_is_away() -> None:
    url = history_address(f"postgresql://taskbeam:a-secret@{LOOPBACK}:{nobody.PORT}/taskbeam")
    said = history_failure(url)
    assert said is not None
    assert "refused" in said
    assert "a-secret" not in said
    assert "\n" not in said
