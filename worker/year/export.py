"""What the tills hand over for a report: a year's receipts in one file, there whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

from ..storing import by_nobody, store
from .receipts import receipts_of

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "exports"
MONTHS = range(1, 13)

#: Told after each month how many of all are done, and what was.
Progress = Callable[[int, int, str], None]


class ExportPendingError(FileNotFoundError):
    """The tills have not handed over the receipts yet. They will have a little later."""

    def __init__(self, report: str) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return f"The export for report {self.report} is not there yet."


@dataclass(frozen=True, slots=True)
class Exports:
    """A file for each report, so that nobody changes it while it is read.

    They are in a folder of ``folder``. ``claim`` says that the running task needs the one of a path.
    """

    folder: Path
    claim: Callable[[str], None] = by_nobody

    def write(self, report: str, year: int, average: int, progress: Progress) -> int:
        """Hand over the year, of ``average`` receipts a month. Returns how many bytes it has.

        Doing it again has the same outcome. Raises OSError (disk).
        """
        file = BytesIO()
        with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive:
            for month in MONTHS:
                archive.writestr(_member(month), "\n".join(receipts_of(year, month, average)))
                progress(month, len(MONTHS), f"{year}-{month:02}")
        path = _path(report)
        self.claim(path)
        store(self.folder / path, file.getvalue())
        return len(file.getvalue())

    def find(self, report: str) -> Export:
        """What was handed over for a report. Raises ExportPendingError where that is nothing yet."""
        path = _path(report)
        self.claim(path)
        if not (self.folder / path).exists():
            raise ExportPendingError(report)
        return Export(self.folder / path)

    def drop(self, report: str) -> None:
        """The report is made."""
        (self.folder / _path(report)).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Export:
    """One that is there. Reading it raises BadZipFile and zlib.error where it is damaged, OSError (disk)."""

    path: Path

    def fingerprint(self, progress: Progress) -> str:
        """Read everything once, which compares all checksums; 12 hexadecimal digits that change with it."""
        digest = hashlib.sha256()
        for month in MONTHS:
            digest.update(self._read(month))
            progress(month, len(MONTHS), _member(month))
        return digest.hexdigest()[:12]

    def months(self) -> Iterator[tuple[int, list[str]]]:
        """The receipts of each month, as lines: never all of them in memory."""
        for month in MONTHS:
            yield month, self._read(month).decode().split("\n")

    def _read(self, month: int) -> bytes:
        with ZipFile(self.path) as archive:
            return archive.read(_member(month))


def _member(month: int) -> str:
    return f"{month:02}.csv"


def _path(report: str) -> str:
    """The id comes from a message: nothing that is in it may become a path."""
    return f"{FOLDER}/{hashlib.sha256(report.encode()).hexdigest()}.zip"
