"""`reports.generate(user_id)`: a customer's order report as a PDF."""

from typing import Any

from celery import Celery, Task
from celery.utils.log import get_task_logger
from typing_extensions import TypedDict  # pydantic reads those of `typing` from Python 3.12 on

from taskbeam import Payloads, Stored, progress
from taskbeam.celery.labels import head_of

from ..reports.files import report_file
from ..reports.orders import UnknownUserError
from ..reports.service import ReportService
from ..retries import retried

logger = get_task_logger(__name__)


class ReportResult(TypedDict):
    """What the caller gets: where the report is, and how much is in it."""

    user_id: int
    report_url: Stored
    report_version: str
    orders: int
    revenue_cents: int
    pages: int
    bytes: int


def register(app: Celery, reports: ReportService) -> Task[Any, Any]:
    """Add the task to the app and return it. It is not tried again for a user who does not exist."""

    @app.task(
        name="reports.generate",
        shared=False,  # else every other application in the process gets this one's service
        bind=True,
        taskbeam_payloads=Payloads(result=ReportResult),
        **retried(UnknownUserError),
    )
    def generate(self: Task[Any, Any], user_id: int) -> ReportResult:
        logger.info("Report for user %s, attempt %s", user_id, self.request.retries + 1)
        report = reports.generate(user_id, progress, head_of(self.request).get("owner", ""))
        return ReportResult(
            user_id=report.user_id,
            report_url=report_file(report.file_name),
            report_version=report.report_version,
            orders=report.orders,
            revenue_cents=report.revenue_cents,
            pages=report.pages,
            bytes=report.size_bytes,
        )

    return generate
