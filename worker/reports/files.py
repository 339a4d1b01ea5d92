"""Where finished reports are kept, and under which address the gateway serves them."""

from pathlib import Path

from taskbeam import Stored, stored
from taskbeam.storage import owner_folder

from ..storing import StoredFiles

FOLDER = "reports"


class ReportFiles(StoredFiles):
    """The folder `reports/` inside the served files."""

    __slots__ = ()

    @property
    def folder(self) -> Path:
        return self.files_dir / FOLDER

    def has(self, name: str) -> bool:
        return self.keep(f"{FOLDER}/{name}") is not None

    def write(self, name: str, content: bytes) -> None:
        """Store the file whole or not at all. Raises OSError."""
        self.store(f"{FOLDER}/{name}", content)


def report_file_name(user_id: int, version: str) -> str:
    """The natural key as a file name: the same report of an owner always lands in the same file."""
    return f"report-{user_id}-{version}.pdf"


def owned(file_name: str, owner: str) -> str:
    """The file among those of the task's owner: nobody notices which reports others have made."""
    return f"{owner_folder(owner)}/{file_name}" if owner else file_name


def report_file(file_name: str) -> Stored:
    """Name the file, in what a client gets."""
    return stored(f"{FOLDER}/{file_name}")
