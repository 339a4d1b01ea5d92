"""The message that says a report is ready. Pure."""

from ..reports.files import report_file
from ..reports.stored import Report
from ..reports.wording import counted
from .message import Email


def report_ready(report: Report, to: str, public_url: str) -> Email:
    """Return the message with the report's link, which begins with `public_url`.

    Its key is the report's natural key and the address: one report is told to one address once.
    """
    link = public_url.rstrip("/") + report_file(report.file_name).url
    about = f"{counted(report.orders, 'order')} on {counted(report.pages, 'page')}"
    return Email(
        to=to,
        subject="Your report is ready",
        body=f"Your order report is ready: {about}.\n\n{link}\n",
        key=f"report-ready:{report.user_id}:{report.report_version}:{to}",
    )
