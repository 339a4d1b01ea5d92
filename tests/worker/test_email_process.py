"""Messages sent by a real worker, through a real mail server, on a real Valkey."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from stack.valkey import Valkey

from .mail_server import HANG_UP, MailServer
from .running import DEADLINE_SECONDS, follow, settings_for, worker
from .test_email_service import REFUSE_RECEIPTS

MESSAGE = {"to": "zoe@example.com", "subject": "Hello", "body": "How are you?\n"}


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with MailServer(unknown={"nobody@example.com"}).running() as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emails")


@pytest.fixture(scope="module")
def app(valkey: Valkey, folder: Path, server: MailServer) -> Iterator[Celery]:
    with worker(settings_for(valkey, folder, smtp_url=server.url), "emails", processes=2) as app:
        yield app


@pytest.fixture(autouse=True)
def empty(server: MailServer) -> None:
    server.messages.clear()


def execute(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "shop.db", timeout=20)) as connection, connection:
        connection.execute(statement)


def transitions(metas: list[dict[str, Any]]) -> list[str]:
    return [meta["status"] for meta in metas if meta["status"] != "PROGRESS"]


def test_a_message_arrives_once_and_its_progress_is_told(
    app: Celery, valkey: Valkey, server: MailServer
) -> None:
    first = list(follow(app, valkey, "emails.send", **MESSAGE, key="once"))
    assert transitions(first) == ["STARTED", "SUCCESS"]
    assert "PROGRESS" in [meta["status"] for meta in first]
    assert first[-1]["result"]["to"] == "zoe@example.com"
    again = list(follow(app, valkey, "emails.send", **MESSAGE, key="once"))
    assert again[-1]["result"] == first[-1]["result"]
    assert len(server.messages) == 1


def test_a_retry_after_sending_sends_nothing(
    app: Celery, valkey: Valkey, server: MailServer, folder: Path
) -> None:
    execute(folder, REFUSE_RECEIPTS["sqlite"])
    metas = []
    for meta in follow(app, valkey, "emails.send", **MESSAGE, key="retried"):
        metas.append(meta)
        # Full jitter may make it 0 s: then the next run can begin before Celery stores the RETRY of this one.
        if meta["status"] == "RETRY" or transitions(metas).count("STARTED") > 1:
            assert len(server.messages) == 1
            execute(folder, "DROP TRIGGER IF EXISTS refuse_receipts")
    assert transitions(metas).count("STARTED") > 1
    assert metas[-1]["status"] == "SUCCESS"
    assert len(server.messages) == 1
    *_, again = follow(app, valkey, "emails.send", **MESSAGE, key="retried")
    assert again["result"] == metas[-1]["result"]
    assert len(server.messages) == 1


def test_many_jobs_for_one_message_send_it_once(app: Celery, server: MailServer) -> None:
    jobs = [app.send_task("emails.send", kwargs={**MESSAGE, "key": "many"}) for _ in range(8)]
    receipts = [job.get(timeout=DEADLINE_SECONDS) for job in jobs]
    assert all(receipt == receipts[0] for receipt in receipts)
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("address", "error"), [("nobody@example.com", "RefusedError"), ("nobody", "InvalidEmailError")]
)
def test_a_recipient_that_is_refused_is_not_tried_again(
    app: Celery, valkey: Valkey, address: str, error: str
) -> None:
    metas = list(follow(app, valkey, "emails.send", **{**MESSAGE, "to": address}, key=f"refused:{address}"))
    assert transitions(metas) == ["STARTED", "FAILURE"]
    assert metas[-1]["result"]["exc_type"] == error


def test_a_message_that_may_have_been_sent_is_not_tried_again(
    app: Celery, valkey: Valkey, server: MailServer
) -> None:
    server.answers.append(HANG_UP)
    metas = list(follow(app, valkey, "emails.send", **MESSAGE, key="perhaps"))
    assert transitions(metas) == ["STARTED", "FAILURE"]
    assert metas[-1]["result"]["exc_type"] == "OutcomeUnknownError"
    assert len(server.messages) == 1
