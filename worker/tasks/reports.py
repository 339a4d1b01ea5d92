"""`reports.generate(user_id, email=None)`: a customer's order report as a PDF, told by e-mail if wanted."""

from dataclasses import asdict
from typing import Any, NotRequired

from celery import Celery, Task
from celery.utils.log import get_task_logger
from typing_extensions import TypedDict  # pydantic reads those of `typing` from Python 3.12 on

from taskbeam import Payloads, Stored, progress
from taskbeam.celery.labels import head_of

from ..emails.report_ready import report_ready
from ..reports.files import report_file
from ..reports.orders import ForeignAddressError, UnknownUserError
from ..reports.service import ReportService
from ..retries import retried

logger = get_task_logger(__name__)

HOPELESS = (UnknownUserError, ForeignAddressError)


class ReportResult(TypedDict):
    """What the caller gets: where the report is, how much is in it, and which job mails its link."""

    user_id: int
    report_url: Stored
    report_version: str
    orders: int
    revenue_cents: int
    pages: int
    bytes: int
    email_task_id: NotRequired[str]


def register(app: Celery, reports: ReportService, send: Task[Any, Any], public_url: str) -> Task[Any, Any]:
    """Add the task to the app and return it; `send` is the task that mails, links begin with `public_url`.

    It is not tried again for a user who does not exist, nor for an address that is not the user's.
    """

    @app.task(
        name="reports.generate",
        shared=False,  # else every other application in the process gets this one's service
        bind=True,
        taskbeam_payloads=Payloads(result=ReportResult),
        **retried(*HOPELESS),
    )
    def generate(self: Task[Any, Any], user_id: int, email: str | None = None) -> ReportResult:
        logger.info("Report for user %s, attempt %s", user_id, self.request.retries + 1)
        address = reports.address(user_id, email) if email is not None else None
        report = reports.generate(user_id, progress, head_of(self.request).get("owner", ""))
        result = ReportResult(
            user_id=report.user_id,
            report_url=report_file(report.file_name),
            report_version=report.report_version,
            orders=report.orders,
            revenue_cents=report.revenue_cents,
            pages=report.pages,
            bytes=report.size_bytes,
        )
        if address is not None:
            # A job of its own: a mail server that is away is no reason to make the report again.
            message = report_ready(report, address, public_url)
            result["email_task_id"] = send.apply_async(kwargs=asdict(message)).id
        return result

    return generate
