"""Making a report: the five steps, from the database to a stored file."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..database import Database
from .files import ReportFiles, owned, report_file_name
from .orders import OrderHistory
from .pdf.charts import draw_charts
from .pdf.document import compose
from .stored import Report, find_report, load_history, save_report
from .summary import summarise
from .version import report_version
from .wording import counted

STEPS = 5

# Told after each step how many of all steps are done, and what the step did.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class ReportService:
    """Makes reports from a database into a folder."""

    database: Database
    files: ReportFiles

    def generate(self, user_id: int, progress: Progress, owner: str = "") -> Report:
        """Return the user's report, made only if the owner has none yet for the data as it stands.

        Running it twice, or in two workers at once, has the same outcome as running it once: the row and
        the file are named by the data, and the same data gives the same bytes.

        Raises UnknownUserError, OperationalError (database) and OSError (disk).
        """
        with self.database.session() as session:
            history = load_history(session, user_id)
            version = report_version(history)
            stored = find_report(session, user_id, version)
        progress(1, STEPS, f"Loaded {counted(len(history.orders), 'order')}")
        if stored is not None:
            mine = replace(stored, file_name=owned(stored.file_name, owner))
            if self.files.has(mine.file_name):
                progress(STEPS, STEPS, "Found the finished report of the same data")
                return mine
        report = self._make(history, version, progress, owner)
        return replace(report, file_name=owned(report.file_name, owner))

    def _make(self, history: OrderHistory, version: str, progress: Progress, owner: str) -> Report:
        summary = summarise(history.orders)
        progress(2, STEPS, f"Added up {counted(len(summary.months), 'month')}")

        charts = draw_charts(summary)
        progress(3, STEPS, "Drew the charts")

        document = compose(history.customer, summary, charts, version)
        progress(4, STEPS, f"Printed {counted(document.pages, 'page')}")

        name = report_file_name(history.customer.id, version)
        self.files.write(owned(name, owner), document.content)
        report = Report(
            user_id=history.customer.id,
            report_version=version,
            file_name=name,
            orders=summary.orders,
            revenue_cents=summary.revenue_cents,
            pages=document.pages,
            size_bytes=len(document.content),
        )
        with self.database.session() as session:
            save_report(session, report)
        progress(5, STEPS, "Stored the report")
        return report
