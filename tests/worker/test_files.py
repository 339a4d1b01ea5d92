"""Reports are stored whole or not at all."""

import os
from pathlib import Path

import pytest

from worker.reports.files import ReportFiles, report_file_name, report_url


def test_a_report_is_written_under_its_natural_key(tmp_path: Path) -> None:
    files = ReportFiles(tmp_path / "files")
    name = report_file_name(123, "abc")
    assert not files.has(name)
    files.write(name, b"%PDF")
    assert files.has(name)
    assert (tmp_path / "files/reports/report-123-abc.pdf").read_bytes() == b"%PDF"
    assert report_url(name) == "/files/reports/report-123-abc.pdf"


def test_others_may_read_it(tmp_path: Path) -> None:
    ReportFiles(tmp_path).write("a.pdf", b"")
    assert (tmp_path / "reports/a.pdf").stat().st_mode & 0o777 == 0o644


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = ReportFiles(tmp_path)
    files.write("a.pdf", b"old")

    def full(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write("a.pdf", b"new")
    assert [(path.name, path.read_bytes()) for path in files.folder.iterdir()] == [("a.pdf", b"old")]
