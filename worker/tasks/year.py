"""`reports.year(year)`: all receipts of a year as one report; `reports.export(report, year)`: its source."""

from typing import Any

from celery import Celery, Task
from celery.app.task import Context
from celery.utils.log import get_task_logger
from typing_extensions import TypedDict  # pydantic reads those of `typing` from Python 3.12 on

from taskbeam import Payloads, Stored, log, progress, step, write
from taskbeam.celery.labels import head_of

from ..reports.files import report_file
from ..retries import retried
from ..year.export import ExportPendingError, Exports
from ..year.service import Telling, YearService

logger = get_task_logger(__name__)

#: Seconds; a slow machine takes its time.
SOFT_LIMIT, LIMIT = 10 * 60, 11 * 60

#: Seconds until the first retry. The tills take most of them for an export.
PAUSE = 5


class YearResult(TypedDict):
    """What the caller gets: where the report is, and how much is in it."""

    year: int
    report_url: Stored
    report_version: str
    receipts: int
    revenue_cents: int
    pages: int
    bytes: int


class ExportResult(TypedDict):
    """What the tills have handed over."""

    bytes: int


def register(app: Celery, reports: YearService, exports: Exports, receipts_a_month: int) -> None:
    """Add both tasks to the app. A worker that dies costs an attempt: the broker has the task until it ends.

    A report asks the tills for its export, and keeps no worker waiting: it is tried again until it is there.
    """

    @app.task(
        name="reports.export",
        shared=False,  # else every other application in the process gets this one's service
        acks_late=True,
        soft_time_limit=SOFT_LIMIT,
        time_limit=LIMIT,
        taskbeam_payloads=Payloads(result=ExportResult),
        **retried(),
    )
    def export(report: str, year: int) -> ExportResult:
        return ExportResult(bytes=exports.write(report, year, receipts_a_month, progress))

    @app.task(
        name="reports.year",
        shared=False,
        bind=True,
        acks_late=True,
        soft_time_limit=SOFT_LIMIT,
        time_limit=LIMIT,
        taskbeam_payloads=Payloads(result=YearResult),
        **retried(pause=PAUSE),
    )
    def report_year(self: Task[Any, Any], year: int) -> YearResult:
        report_id = str(self.request.id)
        logger.info("Report of the year %s, attempt %s", year, self.request.retries + 1)
        try:
            report = reports.make(
                report_id, year, Telling(step, progress, write), head_of(self.request).get("owner", "")
            )
        except ExportPendingError:
            if _asks(self.request):
                log(f"Asking the tills for their receipts of {year}")
                export.delay(report_id, year)
            raise
        return YearResult(
            year=year,
            report_url=report_file(report.file_name),
            report_version=report.report_version,
            receipts=report.receipts,
            revenue_cents=report.revenue_cents,
            pages=report.pages,
            bytes=report.size_bytes,
        )


def _asks(request: Context) -> bool:
    """Whether an attempt asks for the export that is missing.

    The first does. So does one that a dead worker had: it may have made the report, and dropped its export,
    before the broker heard of that.
    """
    return request.retries == 0 or bool((request.delivery_info or {}).get("redelivered"))
