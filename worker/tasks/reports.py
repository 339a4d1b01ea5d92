"""`reports.generate(user_id)`: a customer's order report as a PDF."""

from typing import Any, TypedDict

from celery import Celery, Task
from celery.exceptions import SoftTimeLimitExceeded
from celery.utils.log import get_task_logger

from taskbeam.progress import progress

from ..reports.files import report_url
from ..reports.orders import UnknownUserError
from ..reports.service import ReportService

logger = get_task_logger(__name__)


class ReportResult(TypedDict):
    """What the caller gets: where the report is, and how much is in it."""

    user_id: int
    report_url: str
    report_version: str
    orders: int
    revenue_cents: int
    pages: int
    bytes: int


def register(app: Celery, reports: ReportService) -> None:
    """Add the task to the app.

    Whatever goes wrong is tried again up to five times, later each time, except for what would go wrong
    again: a user who does not exist, and a report that takes longer than a task may.
    """

    @app.task(
        name="reports.generate",
        shared=False,  # else every other application in the process gets this one's service
        bind=True,
        autoretry_for=(Exception,),
        throws=(UnknownUserError,),  # expected: logged in one line, without a traceback
        dont_autoretry_for=(UnknownUserError, SoftTimeLimitExceeded),
        retry_backoff=True,
        retry_jitter=True,
        max_retries=5,
    )
    def generate(self: Task[Any, Any], user_id: int) -> ReportResult:
        logger.info("Report for user %s, attempt %s", user_id, self.request.retries + 1)
        report = reports.generate(user_id, progress)
        return {
            "user_id": report.user_id,
            "report_url": report_url(report.file_name),
            "report_version": report.report_version,
            "orders": report.orders,
            "revenue_cents": report.revenue_cents,
            "pages": report.pages,
            "bytes": report.size_bytes,
        }
