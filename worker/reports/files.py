"""Where finished reports are kept, and under which address the gateway serves them."""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

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
        """Store the file whole or not at all: nobody ever downloads half a report.

        Raises OSError, with no trace left behind.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self.folder, prefix=f".{name}.", delete=False) as unfinished:
            path = Path(unfinished.name)
            try:
                unfinished.write(content)
                unfinished.flush()
                os.fsync(unfinished.fileno())
                # Temporary files are private to their owner; the gateway may run as somebody else.
                path.chmod(0o644)
                path.replace(self.folder / name)
            except BaseException:  # the soft time limit, too, may strike here
                path.unlink(missing_ok=True)
                raise


def report_file_name(user_id: int, version: str) -> str:
    """The natural key as a file name: the same report always lands in the same file."""
    return f"report-{user_id}-{version}.pdf"


def report_url(file_name: str) -> str:
    """Return the path under which the gateway serves the file."""
    return f"/files/{FOLDER}/{file_name}"
