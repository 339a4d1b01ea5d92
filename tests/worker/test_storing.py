"""Files are stored whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from worker.celery_app import PUBLIC_ERRORS
from worker.storing import StorageFullError, store


def test_others_may_read_it(tmp_path: Path) -> None:
    store(tmp_path / "not/yet/there/a.pdf", b"%PDF")
    assert (tmp_path / "not/yet/there/a.pdf").stat().st_mode & 0o777 == 0o644


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path / "a.pdf", b"old")

    def full(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store(tmp_path / "a.pdf", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.pdf", b"old")]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_an_error_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFullError):
        store(tmp_path / "a.pdf", b"new")
    assert list(tmp_path.iterdir()) == []
    assert PUBLIC_ERRORS[StorageFullError.__name__][0] == "storage_full"
