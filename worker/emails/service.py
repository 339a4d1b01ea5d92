"""Sending a message at most once: claim, hand over, record."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from ..database import Database
from .errors import BeingSentError, EmailError, OutcomeUnknownError, ServerSaidNoError
from .marks import Receipt, claim, find_mark, record, release
from .message import Email, compose, message_id
from .smtp import Conversation, SmtpServer

STEPS = 3

# Told after each step how many of all steps are done, and what the step did.
Progress = Callable[[int, int, str], None]


class NotRecordedError(EmailError):
    """The server took the message, but the database did not take the receipt. Record it later."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(receipt)
        self.receipt = receipt

    def __str__(self) -> str:
        return f"The message {self.receipt['key']!r} was sent, but that could not be recorded."


@dataclass(frozen=True, slots=True)
class EmailService:
    """Hands messages of one sender to one server, and keeps their marks in the database.

    The server is given each message **at most once**. It cannot be exactly once: between the server's yes and
    our record of it, the connection, this process or the database may fail, and no protocol closes that gap
    (RFC 1047). What is left is the choice between sending again and not. Mail to people cannot be taken back,
    and a message that was perhaps lost is not lost in silence: its job fails with OutcomeUnknownError, and
    whoever wants it sent all the same uses a new key or deletes the row. The gap is kept small: the claim is
    made only when the recipient is accepted, so that it spans DATA and its answer and nothing else; a server
    that cannot be reached or says no leaves no mark; and a receipt that the database did not take is handed
    on to the retry. Behind the server anybody may still make copies, so the Message-ID follows from the key:
    receivers that look can drop them.
    """

    database: Database
    server: SmtpServer
    sender: str

    def send(self, email: Email, progress: Progress) -> Receipt:
        """Send the message, or return the receipt of the one that was sent under its key.

        Raises
        - InvalidEmailError, RefusedError: it would fail again, nothing was sent;
        - NotNowError, OSError (network), SQLAlchemyError: worth another try, nothing was sent;
        - BeingSentError: worth another look;
        - OutcomeUnknownError: perhaps sent, and never sent again;
        - NotRecordedError: sent; pass its receipt to `record`.
        """
        content = compose(email, self.sender, time.time())
        receipt = self._receipt(email.key)
        if receipt is not None:
            progress(STEPS, STEPS, "Found that it was sent before")
            return receipt
        progress(1, STEPS, "Wrote the message")
        with self.server.connect() as conversation:
            conversation.address(self.sender, email.to)
            progress(2, STEPS, "The mail server takes the recipient")
            receipt = self._send_once(conversation, email, content)
        progress(STEPS, STEPS, "The mail server took the message")
        return receipt

    def record(self, receipt: Receipt) -> None:
        """Store that the message was sent. Raises NotRecordedError."""
        try:
            with self.database.session() as session:
                record(session, receipt)
        except SQLAlchemyError as error:
            raise NotRecordedError(receipt) from error

    def _receipt(self, key: str) -> Receipt | None:
        with self.database.session() as session:
            mark = find_mark(session, key)
        return None if mark is None else mark.settled(time.time())

    def _send_once(self, conversation: Conversation, email: Email, content: bytes) -> Receipt:
        identity = message_id(email.key, self.sender)
        with self.database.session() as session:
            claimed = claim(session, email.key, email.to, identity, time.time())
        if not claimed:  # somebody was quicker since we looked
            receipt = self._receipt(email.key)
            if receipt is None:  # and has just given up
                raise BeingSentError(email.key)
            return receipt
        reply = self._hand_over(conversation, email.key, content)
        receipt = Receipt(key=email.key, to=email.to, message_id=identity, sent_at=time.time(), reply=reply)
        self.record(receipt)
        return receipt

    def _hand_over(self, conversation: Conversation, key: str, content: bytes) -> str:
        try:
            return conversation.hand_over(content)
        except ServerSaidNoError:
            with self.database.session() as session:
                release(session, key)
            raise
        except OSError as error:
            raise OutcomeUnknownError(key) from error
