"""However often a message is to be sent, and whatever fails on the way, the server gets it at most once."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from worker.database import Database
from worker.emails.errors import (
    BeingSentError,
    InvalidEmailError,
    NotNowError,
    OutcomeUnknownError,
    RefusedError,
)
from worker.emails.marks import CLAIM_SECONDS, Mark, Receipt, find_mark
from worker.emails.message import Email, message_id
from worker.emails.service import EmailService, NotRecordedError
from worker.emails.smtp import SmtpServer

from .mail_server import HANG_UP, NO_SUCH_USER, TRY_LATER, MailServer

EMAIL = Email("zoe@example.com", "Hello", "How are you?\n", "hello:1")
SENDER = "us@shop.example"

Step = tuple[int, int, str]

# How to make a database refuse any receipt, and how to make it take them again.
REFUSE_RECEIPTS = {
    "sqlite": """
        CREATE TRIGGER refuse_receipts BEFORE UPDATE OF sent_at ON emails
        BEGIN SELECT RAISE(ABORT, 'no receipts today'); END
    """,
    "postgresql": "ALTER TABLE emails ADD CONSTRAINT refuse_receipts CHECK (sent_at IS NULL)",
}
TAKE_RECEIPTS = {
    "sqlite": "DROP TRIGGER refuse_receipts",
    "postgresql": "ALTER TABLE emails DROP CONSTRAINT refuse_receipts",
}


def service_for(database: Database, server: MailServer) -> EmailService:
    return EmailService(database, SmtpServer.from_url(server.url), SENDER)


def send(service: EmailService, email: Email = EMAIL) -> tuple[Receipt, list[Step]]:
    steps: list[Step] = []
    receipt = service.send(email, lambda *step: steps.append(step))
    return receipt, steps


def mark(service: EmailService) -> Mark | None:
    with service.database.session() as session:
        return find_mark(session, EMAIL.key)


def execute(database: Database, statement: str) -> None:
    with database.session() as session:
        session.execute(text(statement))
        session.commit()


def test_a_message_is_sent_in_three_steps(database: Database) -> None:
    with MailServer().running() as server:
        receipt, steps = send(service_for(database, server))
    assert steps == [
        (1, 3, "Wrote the message"),
        (2, 3, "The mail server takes the recipient"),
        (3, 3, "The mail server took the message"),
    ]
    assert receipt["message_id"] == message_id(EMAIL.key, SENDER)
    assert receipt["reply"] == "Taken"
    [envelope] = server.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [EMAIL.to])
    assert isinstance(envelope.content, bytes)
    assert b"Subject: Hello\r\n" in envelope.content


def test_the_second_time_its_receipt_is_handed_out(database: Database) -> None:
    with MailServer().running() as server:
        first, _ = send(service_for(database, server))
    second, steps = send(service_for(database, server))  # the server is gone, and not missed
    assert second == first
    assert steps == [(3, 3, "Found that it was sent before")]
    assert len(server.messages) == 1


def test_another_key_is_another_message(database: Database) -> None:
    with MailServer().running() as server:
        service = service_for(database, server)
        send(service)
        send(service, replace(EMAIL, key="hello:2"))
    assert len(server.messages) == 2


def test_two_workers_at_once_send_one_message(database: Database) -> None:
    # Neither recipient is answered before both workers have looked and found no mark.
    server = MailServer(together=2)
    outcomes: list[Receipt | BeingSentError] = []

    def work() -> None:
        try:
            outcomes.append(send(service_for(database, server))[0])
        except BeingSentError as error:
            outcomes.append(error)

    with server.running():
        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(timeout=60)
    assert len(server.messages) == 1
    receipts = [outcome for outcome in outcomes if not isinstance(outcome, BeingSentError)]
    assert len(outcomes) == 2
    assert receipts
    assert all(receipt == receipts[0] for receipt in receipts)


def test_a_receipt_that_the_database_refuses_can_be_recorded_later(database: Database) -> None:
    dialect = database.prepare().dialect.name
    execute(database, REFUSE_RECEIPTS[dialect])
    with MailServer().running() as server:
        service = service_for(database, server)
        with pytest.raises(NotRecordedError) as caught:
            send(service)
        with pytest.raises(NotRecordedError):
            service.record(caught.value.receipt)
        with pytest.raises(BeingSentError):  # even without the receipt it is not sent again
            send(service)
        execute(database, TAKE_RECEIPTS[dialect])
        service.record(caught.value.receipt)
        service.record(caught.value.receipt)
        assert send(service)[0] == caught.value.receipt
    assert len(server.messages) == 1


def test_a_lost_answer_is_never_a_second_message(database: Database) -> None:
    with MailServer().running() as server:
        server.answers.append(HANG_UP)
        service = service_for(database, server)
        with pytest.raises(OutcomeUnknownError, match="'hello:1' may have been sent"):
            send(service)
        with pytest.raises(BeingSentError):
            send(service)
        execute(database, f"UPDATE emails SET claimed_at = claimed_at - {CLAIM_SECONDS}")
        with pytest.raises(OutcomeUnknownError):
            send(service)
    assert len(server.messages) == 1


def test_a_no_to_the_message_leaves_no_mark(database: Database) -> None:
    with MailServer().running() as server:
        server.answers.extend([TRY_LATER, NO_SUCH_USER])
        service = service_for(database, server)
        with pytest.raises(NotNowError, match=r"refuses the message: 451 4\.3\.0 Try again later"):
            send(service)
        assert mark(service) is None
        with pytest.raises(RefusedError):
            send(service)
        assert mark(service) is None
        send(service)
    assert len(server.messages) == 1


def test_a_refused_recipient_leaves_no_mark(database: Database) -> None:
    with MailServer(unknown={EMAIL.to}).running() as server:
        service = service_for(database, server)
        with pytest.raises(RefusedError, match=r"refuses the recipient zoe@example\.com: 550"):
            send(service)
    assert mark(service) is None
    assert server.messages == []


def test_a_server_that_is_away_leaves_no_mark(database: Database) -> None:
    service = service_for(database, MailServer())
    with pytest.raises(ConnectionRefusedError):
        send(service)
    assert mark(service) is None


def test_what_is_no_message_reaches_no_server(database: Database) -> None:
    with pytest.raises(InvalidEmailError):
        send(service_for(database, MailServer()), replace(EMAIL, to="nobody"))


def test_a_claim_is_somebodys_work_until_its_time_is_up() -> None:
    claimed = Mark("k", claimed_at=1000.0, receipt=None)
    with pytest.raises(BeingSentError):
        claimed.settled(1000.0 + CLAIM_SECONDS - 0.1)
    with pytest.raises(OutcomeUnknownError):
        claimed.settled(1000.0 + CLAIM_SECONDS)
