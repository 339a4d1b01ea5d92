"""What a mail about a report says: how it has ended, and where to look. Pure."""

from __future__ import annotations

from typing import NamedTuple

LOST = "LOST"

#: By the task's state. `{where}` is a link.
_WORDS = {
    "SUCCESS": ("Your report is ready", "Your order report is ready:\n\n{where}"),
    "FAILURE": (
        "Your report could not be made",
        "Your order report could not be made. What is known about it is here:\n\n{where}",
    ),
    "REVOKED": (
        "Your report was cancelled",
        "Your order report was cancelled, or could not begin in time, so there is none:\n\n{where}",
    ),
    LOST: (
        "Your report was lost",
        "The worker that made your order report has gone silent. If it returns, you hear of it:\n\n{where}",
    ),
}

#: Of every other end.
_NOT_MADE = ("Your report was not made", "Your order report was not made:\n\n{where}")


class Mail(NamedTuple):
    """One message."""

    subject: str
    body: str


def mail_about(state: str, task_id: str, stored: str | None, public_url: str) -> Mail:
    """The message about a task that has ended.

    Args:
        state: a final one.
        task_id: the task, which the page at ``public_url`` shows to whoever may see it.
        stored: the path of the report, such as `/files/reports/….pdf`, where whoever has the link may read
            it; None: there is none, or nobody may without signing in.
        public_url: where people reach the service.
    """
    base = public_url.rstrip("/")
    subject, body = _WORDS.get(state, _NOT_MADE)
    where = f"{base}{stored}" if stored is not None else f"{base}/#{task_id}"
    return Mail(subject, body.format(where=where) + "\n")
