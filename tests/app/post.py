"""A service that mails: its gateway, its shop, what mails, and whoever signs webhooks as its gateway does."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import httpx
from standardwebhooks import Webhook

from stack.ports import kept_port
from tests.notifications.stage import due_now
from tests.support.gateway import gateway
from tests.support.results import control, emptied
from tests.support.waiting import wait_until
from tests.worker.running import settings_for, worker
from worker.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from celery import Celery

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.worker.mail_server import MailServer
    from worker.settings import WorkerSettings

#: A user of the shop's, and where they are written to.
USER, ADDRESS = 123, "user-123@example.com"

#: Where those are who are mailed behind all others.
BEHIND = "behind.example"


class Post(NamedTuple):
    """``service``: the gateway that mails. ``emails``: sends to the worker that mails, one task at a time."""

    service: Gateway
    client: httpx.Client
    valkey: Valkey
    store: Any
    settings: WorkerSettings
    server: MailServer
    emails: Celery
    secret: str

    def order(self, user_id: int = USER, email: str = ADDRESS, key: str | None = None) -> str:
        """The task of a report whose end is to be mailed; ``key``: an `Idempotency-Key`."""
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = self.client.post("/reports", json={"user_id": user_id, "email": email}, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["task_id"])

    def webhook(
        self, body: dict[str, Any], message_id: str = "msg_1", age: timedelta = timedelta(), secret: str = ""
    ) -> httpx.Response:
        """Send one to the service, signed ``age`` ago, by its own secret or by another one."""
        text = json.dumps(body)
        signed_at = datetime.now(UTC) - age
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(signed_at.timestamp())),
            "webhook-signature": Webhook(secret or self.secret).sign(message_id, signed_at, text),
        }
        return self.client.post("/hooks/mail", content=text, headers=headers)

    def ends(self, task_id: str, state: str = "SUCCESS", **more: Any) -> dict[str, Any]:
        """What a webhook says of the end of a task."""
        labels: dict[str, Any] = {"owner": None, "tags": [], "title": None}
        data = {"task_id": task_id, "state": state, "name": "reports.generate", "labels": labels} | more
        return {"type": "task.ended", "timestamp": "2026-11-29T12:00:00.000Z", "data": data}

    def first(self) -> EmailMessage:
        """The mail that comes; nobody waits for its turn."""
        wait_until(self._hurried(lambda: bool(self.server.messages)), lambda: self.service.process.output)
        return self._read()[0]

    def all(self) -> list[EmailMessage]:
        """All mails that come: nothing is due any more, and one that is sent behind them is here."""
        wait_until(
            self._hurried(lambda: not self.store.exists(control().notify_due, control().notify_tries)),
            lambda: str(self.store.zrange(control().notify_due, 0, -1)),
        )
        last = f"{uuid4()}@{BEHIND}"
        mail = {"to": last, "subject": "Last", "body": "Last\n", "key": last}
        with self.emails.connection_for_write() as connection:
            self.emails.send_task("emails.send", kwargs=mail, queue="emails", connection=connection)
        wait_until(lambda: any(envelope.rcpt_tos == [last] for envelope in self.server.messages))
        return [mail for mail in self._read() if not mail["To"].endswith(BEHIND)]

    def asked(self) -> list[str]:
        """The tasks about which somebody is to be mailed."""
        return [row[0] for row in self.execute("SELECT task_id FROM report_mails ORDER BY asked_at")]

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Do something in the shop's database."""
        path = self.settings.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=60)) as database, database:
            return database.execute(statement, values).fetchall()

    @contextmanager
    def nobody_else_writes(self) -> Iterator[None]:
        """Whoever wants to write to the shop's database waits meanwhile; who reads does not."""
        path = self.settings.database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield

    def _hurried(self, condition: Callable[[], bool]) -> Callable[[], bool]:
        """Ask, and let an end be due now: else it waits for a tab that may show it."""

        def asked() -> bool:
            due_now(self.store)
            return condition()

        return asked

    def _read(self) -> list[EmailMessage]:
        contents = [envelope.content for envelope in self.server.messages]
        return [
            message_from_bytes(content, policy=policy.default)
            for content in contents
            if isinstance(content, bytes)
        ]


@contextmanager
def mailing(valkey: Valkey, folder: Path, server: MailServer, **settings: Any) -> Iterator[Post]:
    """Run one, with ``settings`` of its gateway; nobody makes reports."""
    works = settings_for(valkey, folder, smtp_url=server.url)
    Database(works.database_url).prepare()
    redis_url = valkey.url().removesuffix("/0")
    with kept_port() as port, emptied(valkey.url(1), decode_responses=True) as store:
        given = mail_settings(folder, works, port) | settings
        with (
            worker(works, "emails") as emails,
            gateway(redis_url, port=port, **given) as service,
            httpx.Client(base_url=service.http, timeout=60) as client,
        ):
            secret = (folder / "mail.secret").read_text().strip()
            yield Post(service, client, valkey, store, works, server, emails, secret)


def mail_settings(folder: Path, works: WorkerSettings, port: int) -> dict[str, Any]:
    """Of a gateway that mails by the service at ``port``."""
    return {
        "database_url": works.database_url,
        "mail_webhook": f"http://127.0.0.1:{port}/hooks/mail",
        "mail_secret_file": folder / "mail.secret",
        "webhook_networks": '["127.0.0.1/32"]',
        "public_url": "https://shop.example/",
        "files_dir": works.files_dir,
    }
