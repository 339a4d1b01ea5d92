"""Files are stored whole or not at all."""

import os
from pathlib import Path

import pytest

from worker.storing import store


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
