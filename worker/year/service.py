"""Making a year's report: five steps, from the tills' export to a stored file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ..reports.files import owned
from ..reports.pdf.document import printed
from ..reports.wording import MONTHS, euros
from .confidence import average_of
from .findings import Findings, MonthFound
from .page import year_page
from .sums import Together, amounts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from ..reports.files import ReportFiles
    from .export import Export, Exports
    from .sums import Pair

#: Raise this when the page changes: stored reports of the old design stay what they are.
DESIGN = 1
PAIRS = 5


class Step(Protocol):
    """Begin a named step, which is so much of the whole (percent)."""

    def __call__(self, name: str, *, weight: float) -> AbstractContextManager[None]: ...


@dataclass(frozen=True, slots=True)
class Telling:
    """How the work says what it does: its steps, how far each is, and text that is read meanwhile."""

    step: Step
    progress: Callable[[float, float, str], None]
    write: Callable[[str], object]

    def month(self, month: int, part: float) -> None:
        """So much (0 to 1) of a month is done, and all months before it."""
        self.progress(month - 1 + part, len(MONTHS), MONTHS[month - 1])


@dataclass(frozen=True, slots=True)
class YearReport:
    """A finished report, and how much is in it."""

    report_version: str
    file_name: str
    receipts: int
    revenue_cents: int
    pages: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class YearService:
    """Makes reports from what the tills hand over into a folder."""

    exports: Exports
    files: ReportFiles

    def make(self, report: str, year: int, tell: Telling, owner: str = "") -> YearReport:
        """Return the report of that id. The same export gives the same file, however often it is made.

        Raises ExportPendingError, BadZipFile and zlib.error (it is damaged) and OSError (disk).
        """
        with tell.step("Open the tills’ export", weight=1):
            export = self.exports.find(report)
        with tell.step("Compare its checksums", weight=2):
            version = f"{export.fingerprint(tell.progress)}-{DESIGN}"
        with tell.step("Add up the months", weight=75):
            tell.write(_HEAD)
            months = [_month(month, lines, year, tell) for month, lines in export.months()]
        with tell.step("Find what is bought together", weight=20):
            together = _together(export, tell)
        with tell.step("Print the report", weight=2):
            findings = Findings(year, months, together)
            document = printed([year_page(findings)], f"The year {year}", version)
            name = owned(f"year-{year}-{version}.pdf", owner)
            self.files.write(name, document.content)
        self.exports.drop(report)
        return YearReport(
            report_version=version,
            file_name=name,
            receipts=findings.receipts,
            revenue_cents=findings.revenue_cents,
            pages=document.pages,
            size_bytes=len(document.content),
        )


def _month(month: int, lines: Sequence[str], year: int, tell: Telling) -> MonthFound:
    # Adding up takes a tenth of the time, and drawing anew the rest.
    amounts = amounts_of(lines, lambda part: tell.month(month, part / 10))
    average = average_of(amounts, f"{year}-{month:02}", lambda part: tell.month(month, 0.1 + 0.9 * part))
    found = MonthFound(month, len(amounts), sum(amounts), average)
    tell.write(_line(found))
    return found


def _together(export: Export, tell: Telling) -> Sequence[Pair]:
    counted = Together()
    for month, lines in export.months():
        counted.add(lines, partial(tell.month, month))
    most = counted.most(PAIRS)
    tell.write("\n")
    for pair in most:
        tell.write(f"{pair.first} + {pair.second}: {pair.lift:.1f} × by chance\n")
    return most


#: Narrow enough for a phone.
_HEAD = f"{'Month':<9}{'Receipts':>9}{'Revenue':>12}{'Average':>9}\n"


def _line(found: MonthFound) -> str:
    """`January     92,000  €4,855,907   €52.78 ±0.27`."""
    sure = (found.average.high - found.average.low) / 200
    brought, average = f"€{round(found.revenue_cents / 100):,}", euros(round(found.average.middle))
    return f"{MONTHS[found.month - 1]:<9}{found.receipts:>9,}{brought:>12}{average:>9} ±{sure:.2f}\n"
