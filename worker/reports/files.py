"""Where finished reports are kept, and under which address the gateway serves them."""

from dataclasses import dataclass
from pathlib import Path

from ..storing import store

FOLDER = "reports"


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """The folder `reports/` inside the served files."""

    files_dir: Path

    @property
    def folder(self) -> Path:
        return self.files_dir / FOLDER

    def has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def write(self, name: str, content: bytes) -> None:
        """Store the file whole or not at all. Raises OSError."""
        store(self.folder / name, content)


def report_file_name(user_id: int, version: str) -> str:
    """The natural key as a file name: the same report always lands in the same file."""
    return f"report-{user_id}-{version}.pdf"


def report_url(file_name: str) -> str:
    """Return the path under which the gateway serves the file."""
    return f"/files/{FOLDER}/{file_name}"
