"""`emails.send(to, subject, body, key)`: one message to one address, at most once."""

from typing import Any

from celery import Celery, Task
from celery.utils.log import get_task_logger

from taskbeam import Payloads
from taskbeam.celery.progress import progress

from ..emails.errors import InvalidEmailError, OutcomeUnknownError, RefusedError
from ..emails.marks import CLAIM_SECONDS, Receipt
from ..emails.message import Email
from ..emails.service import EmailService, NotRecordedError
from ..retries import retried

logger = get_task_logger(__name__)

HOPELESS = (InvalidEmailError, RefusedError, OutcomeUnknownError)


def register(app: Celery, emails: EmailService) -> Task[Any, Any]:
    """Add the task to the app and return it.

    It is not tried again for a message or recipient that is refused, nor for a message that may have been
    sent already.
    """

    @app.task(
        name="emails.send",
        shared=False,  # else every other application in the process gets this one's service
        bind=True,
        time_limit=CLAIM_SECONDS,
        soft_time_limit=CLAIM_SECONDS - 5,
        taskbeam_payloads=Payloads(result=Receipt),
        **retried(*HOPELESS),
    )
    def send(
        self: Task[Any, Any], to: str, subject: str, body: str, key: str, receipt: Receipt | None = None
    ) -> Receipt:
        """Send the message named by `key` (see `Email`); `receipt` is for this task's own retries."""
        logger.info("Message %s, attempt %s", key, self.request.retries + 1)
        if receipt is not None:
            emails.record(receipt)
            return receipt
        try:
            return emails.send(Email(to, subject, body, key), progress)
        except NotRecordedError as error:
            # It is sent: what is left for the retry is to record it.
            self.request.kwargs = {**(self.request.kwargs or {}), "receipt": error.receipt}
            raise

    return send
