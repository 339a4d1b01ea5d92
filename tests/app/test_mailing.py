"""Who may ask for a mail, and by which secret the service knows its own gateway: without processes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook

from app.mails.asked import KEPT, Asked
from app.mails.mailing import WRONG_ADDRESSES, Mailing
from app.mails.secret import kept_secret
from app.mails.words import mail_about
from app.settings import Settings
from taskbeam.gateway import Sender, TaskbeamError
from worker.database import Database

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://127.0.0.1:8000/hooks/mail"
PAGE = "https://shop.example"


@pytest.fixture
def database(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/shop.db"
    Database(url).prepare()
    return url


@pytest.fixture
def mailing(tmp_path: Path, database: str) -> Mailing:
    return Mailing(Settings(database_url=database, mail_secret_file=tmp_path / "mail.secret"), URL)


def test_addresses_are_not_guessed(mailing: Mailing) -> None:
    """Right ones do not count; other senders are not in the way."""

    async def check(owner: str, email: str) -> str:
        try:
            await mailing.check(Sender(owner=owner), "", 7, email)
        except TaskbeamError as error:
            return error.problem.code
        return ""

    async def asked() -> list[str]:
        right = [await check("ada", "User-7@example.com") for _ in range(WRONG_ADDRESSES + 1)]
        wrong = [await check("ada", f"{number}@example.com") for number in range(WRONG_ADDRESSES + 1)]
        return [*right, *wrong, await check("ada", "user-7@example.com"), await check("bob", "x@example.com")]

    assert asyncio.run(asked()) == [
        *[""] * (WRONG_ADDRESSES + 1),
        *["foreign_address"] * WRONG_ADDRESSES,
        "rate_limited",
        "rate_limited",
        "foreign_address",
    ]


def test_a_database_that_has_no_shop_yet(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path}/new.db", mail_secret_file=tmp_path / "secret")
    with pytest.raises(TaskbeamError, match="database does not answer"):
        asyncio.run(Mailing(settings, URL).check(Sender(), "", 7, "user-7@example.com"))


def test_what_nobody_has_sent_is_kept_for_a_week(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(database)
    asked.add("old", 7, None)
    monkeypatch.setattr("time.time", lambda: KEPT + 10_000_000_000.0)
    asked.add("new", 7, None)
    assert [asked.address(task_id, None) for task_id in ("old", "new")] == [None, "user-7@example.com"]


def test_a_row_is_its_owners(database: str) -> None:
    asked = Asked(database)
    asked.add("1", 7, "account-ada")
    asked.add("1", 8, "account-eve")  # too late
    owners = ("account-ada", "account-eve", None)
    assert [asked.address("1", owner) for owner in owners] == ["user-7@example.com", None, None]
    asked.remove("1")
    assert asked.address("1", "account-ada") is None


def test_all_who_start_at_once_have_one_secret(tmp_path: Path) -> None:
    file = tmp_path / "not" / "yet" / "mail.secret"
    with ThreadPoolExecutor(16) as threads:
        [secret] = set(threads.map(kept_secret, [file] * 64))
    assert Webhook(secret)
    assert file.stat().st_mode & 0o077 == 0
    assert [each.name for each in file.parent.iterdir()] == ["mail.secret"]


def test_the_gateway_answers_to_the_name_by_which_it_reaches_itself(tmp_path: Path) -> None:
    settings = Settings(allowed_hosts=("shop.example",), mail_secret_file=tmp_path / "secret")
    assert Mailing(settings, URL).joined(settings).allowed_hosts == ("shop.example", "127.0.0.1:8000")


@pytest.mark.parametrize(
    ("state", "subject"),
    [
        ("SUCCESS", "Your report is ready"),
        ("FAILURE", "Your report could not be made"),
        ("REVOKED", "Your report was cancelled"),
        ("LOST", "Your report was lost"),
        ("REJECTED", "Your report was not made"),
        ("IGNORED", "Your report was not made"),
    ],
)
def test_a_mail_leads_to_the_page(state: str, subject: str) -> None:
    mail = mail_about(state, "0b87", None, f"{PAGE}/")
    assert mail.subject == subject
    assert mail.body.endswith(f"\n\n{PAGE}/#0b87\n")


def test_a_mail_leads_to_a_report_that_can_be_read() -> None:
    assert f"{PAGE}/files/x.pdf\n" in mail_about("SUCCESS", "0b87", "/files/x.pdf", PAGE).body
