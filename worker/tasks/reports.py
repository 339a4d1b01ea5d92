"""`reports.generate(user_id, email=None)`: a customer's order report as a PDF, told by e-mail if wanted."""

from dataclasses import asdict
from typing import Any, NotRequired, TypedDict

from celery import Celery, Task
from celery.exceptions import SoftTimeLimitExceeded
from celery.utils.log import get_task_logger

from taskbeam.celery.progress import progress

from ..emails.report_ready import report_ready
from ..reports.files import report_url
from ..reports.orders import UnknownUserError
from ..reports.service import ReportService

logger = get_task_logger(__name__)


class ReportResult(TypedDict):
    """What the caller gets: where the report is, how much is in it, and which job mails its link."""

    user_id: int
    report_url: str
    report_version: str
    orders: int
    revenue_cents: int
    pages: int
    bytes: int
    email_task_id: NotRequired[str]


def register(app: Celery, reports: ReportService, send: Task[Any, Any], public_url: str) -> None:
    """Add the task to the app; `send` is the task that mails, links begin with `public_url`.

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
    def generate(self: Task[Any, Any], user_id: int, email: str | None = None) -> ReportResult:
        logger.info("Report for user %s, attempt %s", user_id, self.request.retries + 1)
        report = reports.generate(user_id, progress)
        result = ReportResult(
            user_id=report.user_id,
            report_url=report_url(report.file_name),
            report_version=report.report_version,
            orders=report.orders,
            revenue_cents=report.revenue_cents,
            pages=report.pages,
            bytes=report.size_bytes,
        )
        if email is not None:
            # A job of its own: a mail server that is away is no reason to make the report again.
            message = report_ready(report, email, public_url)
            result["email_task_id"] = send.apply_async(kwargs=asdict(message)).id
        return result
