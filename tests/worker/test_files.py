"""Reports are kept under their natural key."""

from pathlib import Path

from worker.reports.files import ReportFiles, report_file, report_file_name


def test_a_report_is_written_under_its_natural_key(tmp_path: Path) -> None:
    files = ReportFiles(tmp_path / "files")
    name = report_file_name(123, "abc")
    assert not files.has(name)
    files.write(name, b"%PDF")
    assert files.has(name)
    assert (tmp_path / "files/reports/report-123-abc.pdf").read_bytes() == b"%PDF"
    assert report_file(name).url == "/files/reports/report-123-abc.pdf"
