"""The marks in the database: a message is claimed before the server is given it, and recorded after."""

from dataclasses import dataclass

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from typing_extensions import TypedDict  # pydantic reads those of `typing` from Python 3.12 on

from .errors import BeingSentError, OutcomeUnknownError
from .tables import EmailRow

# Nobody works longer than this on a message: the time limit of the job. An older claim is an abandoned one.
CLAIM_SECONDS = 60


class Receipt(TypedDict):
    """What is known of a message that the server took; `sent_at` in seconds since 1970. Plain JSON."""

    key: str
    to: str
    message_id: str
    sent_at: float
    reply: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A claim made at `claimed_at` (seconds since 1970), and the receipt once there is one."""

    key: str
    claimed_at: float
    receipt: Receipt | None

    def settled(self, now: float) -> Receipt:
        """Return the receipt.

        Raises BeingSentError while whoever made the claim may still be at it, then OutcomeUnknownError: a
        claim is never taken over, so however wrong a clock is, nothing is sent twice.
        """
        if self.receipt is not None:
            return self.receipt
        if now - self.claimed_at < CLAIM_SECONDS:
            raise BeingSentError(self.key)
        raise OutcomeUnknownError(self.key)


def find_mark(session: Session, key: str) -> Mark | None:
    row = session.get(EmailRow, key)
    if row is None:
        return None
    if row.sent_at is None:
        return Mark(key, row.claimed_at, None)
    receipt = Receipt(
        key=key, to=row.recipient, message_id=row.message_id, sent_at=row.sent_at, reply=row.reply or ""
    )
    return Mark(key, row.claimed_at, receipt)


def claim(session: Session, key: str, to: str, message_id: str, now: float) -> bool:
    """Mark the message as being handed over; False where it has a mark already."""
    row = insert(EmailRow).values(key=key, recipient=to, message_id=message_id, claimed_at=now)
    try:
        session.execute(row)
        session.commit()
    except IntegrityError:  # the key is taken
        return False
    return True


def release(session: Session, key: str) -> None:
    """Take the claim back: the server has not taken the message."""
    session.execute(delete(EmailRow).where(EmailRow.key == key, EmailRow.sent_at.is_(None)))
    session.commit()


def record(session: Session, receipt: Receipt) -> None:
    """Mark the claimed message as sent. Doing it again changes nothing."""
    sent = {"sent_at": receipt["sent_at"], "reply": receipt["reply"]}
    session.execute(update(EmailRow).where(EmailRow.key == receipt["key"]).values(sent))
    session.commit()
