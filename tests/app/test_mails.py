"""Whoever asks for it is mailed how a report has ended: once, whatever dies on the way."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import redis

from stack.valkey import Valkey
from tests.support.redis_cluster import subscribed
from tests.support.waiting import DEADLINE, wait_until
from tests.worker.mail_server import MailServer
from tests.worker.running import worker, worker_process

from .post import ADDRESS, USER, Post, mailing

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Standard Webhooks takes what is five minutes old.
TOO_OLD = timedelta(minutes=6)

OTHERS_SECRET = "whsec_" + "QUJD" * 12

#: Headers that cannot be read at all.
NO_SIGNATURES = [
    {b"webhook-id": b"a", b"webhook-timestamp": timestamp, b"webhook-signature": signature}
    for timestamp in (b"nan", b"1e999", b"0", str(int(time.time())).encode())
    for signature in (b"v1,a", b"v1", b",,", b"v1,\xff")
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """The service, with a server of its own: nobody else's reports wait there."""
    folder = tmp_path_factory.mktemp("shop")
    settings = {"lost_after": 1, "watchdog_interval": 0.2, "accounts_db": folder / "accounts.db"}
    with (
        Valkey() as valkey,
        MailServer().running() as server,
        mailing(valkey, folder, server, **settings) as post,
    ):
        yield post


@pytest.fixture
def post(running: Post) -> Iterator[Post]:
    """The service; nobody has asked for a mail yet."""
    yield running
    with redis.Redis.from_url(running.settings.broker_url) as broker:
        broker.delete("reports")
    running.all()
    running.server.messages.clear()
    running.execute("DELETE FROM report_mails")


@contextmanager
def states(post: Post, task_id: str) -> Iterator[Any]:
    """What is published of a task from here on: a function that waits for a word in it."""
    with subscribed(post.store, f"celery-task-meta-{task_id}") as channel:

        def until(word: str) -> None:
            wait_until(lambda: word in str((channel.get_message(timeout=1.0) or {}).get("data")))

        yield until


class TestFates:
    def test_a_worker_that_is_killed_right_after_its_success(self, post: Post) -> None:
        task_id = post.order()
        with states(post, task_id) as until, worker_process(post.settings) as process:
            until('"SUCCESS"')
            process.kill()
        [mail] = post.all()
        result = post.client.get(f"/tasks/{task_id}").json()["result"]
        assert (mail["To"], mail["Subject"]) == (ADDRESS, "Your report is ready")
        link = f"https://shop.example{result['report_url']}"
        assert mail.get_content().splitlines() == ["Your order report is ready:", "", link]
        assert post.asked() == []

    def test_a_worker_that_is_killed_over_it(self, post: Post) -> None:
        with worker_process(post.settings) as process:
            process.wait_until(lambda: "ready." in process.output, DEADLINE)
            process.send_signal(signal.SIGSTOP)  # until nobody but us may write to the database
            task_id = post.order()
            with states(post, task_id) as until, post.nobody_else_writes():
                process.send_signal(signal.SIGCONT)
                until('"STARTED"')
                process.kill()
        mail = post.first()
        assert (mail["To"], mail["Subject"]) == (ADDRESS, "Your report was lost")
        assert len(post.all()) == 1
        assert post.asked() == [task_id]  # it may come back

    def test_one_that_fails(self, post: Post) -> None:
        post.execute("INSERT INTO addresses VALUES (999, 'user-999@example.com')")
        try:
            task_id = post.order(999, "User-999@example.com")
            with worker(post.settings):
                mail = post.first()
        finally:
            post.execute("DELETE FROM addresses WHERE user_id = 999")
        assert (mail["To"], mail["Subject"]) == ("user-999@example.com", "Your report could not be made")
        assert f"https://shop.example/#{task_id}" in mail.get_content()
        assert "999" not in mail.get_content().replace(task_id, "")
        assert len(post.all()) == 1

    def test_one_that_is_cancelled(self, post: Post) -> None:
        task_id = post.order()
        assert post.client.post(f"/tasks/{task_id}/cancel").status_code == 202
        [mail] = post.all()
        assert (mail["To"], mail["Subject"]) == (ADDRESS, "Your report was cancelled")
        assert f"https://shop.example/#{task_id}" in mail.get_content()

    def test_one_of_an_account(self, post: Post) -> None:
        """The mail is in its list, with the address."""
        with httpx.Client(base_url=post.service.http, timeout=60) as ada:
            ada.post("/account", json={"name": "ada", "password": "correct horse"}).raise_for_status()
            order = {"user_id": USER, "email": ADDRESS}
            task_id = ada.post("/reports", json=order).json()["task_id"]
            assert ada.post(f"/tasks/{task_id}/cancel").status_code == 202
            assert [mail["To"] for mail in post.all()] == [ADDRESS]
            mail, report = ada.get("/feeds/owner:me").json()["tasks"]
            assert (report["task_id"], mail["name"]) == (task_id, "emails.send")
            wait_until(lambda: ada.get(f"/tasks/{mail['task_id']}").json()["state"] == "SUCCESS")
            assert ada.get(f"/tasks/{mail['task_id']}").json()["result"]["to"] == ADDRESS

    def test_one_for_which_nobody_asked(self, post: Post) -> None:
        answer = post.client.post("/reports", json={"user_id": USER})
        assert post.client.post(f"/tasks/{answer.json()['task_id']}/cancel").status_code == 202
        assert post.all() == []

    def test_a_user_who_has_gone_meanwhile(self, post: Post) -> None:
        gone = 7
        address = f"user-{gone}@example.com"
        task_id = post.order(gone, address)
        post.execute("DELETE FROM addresses WHERE user_id = ?", gone)
        try:
            assert post.client.post(f"/tasks/{task_id}/cancel").status_code == 202
            assert post.all() == []
            answer = post.client.post("/reports", json={"user_id": gone, "email": address})
            assert answer.json()["code"] == "foreign_address"
        finally:
            post.execute("INSERT INTO addresses VALUES (?, ?)", gone, address)


class TestOnce:
    @pytest.mark.parametrize("state", ["SUCCESS", "LOST"])
    def test_a_webhook_that_comes_twice(self, post: Post, state: str) -> None:
        """After LOST the row is still there, so the key alone keeps the second one back."""
        task_id = post.order()
        answers = [post.webhook(post.ends(task_id, state), f"msg_{state}").status_code for _ in range(2)]
        assert answers == [204, 204]
        assert [mail["To"] for mail in post.all()] == [ADDRESS]
        assert post.asked() == ([task_id] if state == "LOST" else [])

    def test_a_request_that_comes_twice(self, post: Post) -> None:
        task_id = post.order(key="the-same")
        assert post.order(key="the-same") == task_id
        assert post.asked() == [task_id]
        assert post.client.post(f"/tasks/{task_id}/cancel").status_code == 202
        assert len(post.all()) == 1


class TestNobody:
    def test_a_false_signature_and_an_old_one(self, post: Post) -> None:
        task_id = post.order()
        body = post.ends(task_id)
        refused = [
            post.webhook(body, secret=OTHERS_SECRET),
            post.webhook(body, age=TOO_OLD),
            post.webhook(body, age=-TOO_OLD),
            post.client.post("/hooks/mail", json=body),
            *(post.client.post("/hooks/mail", content=b"\xff", headers=headers) for headers in NO_SIGNATURES),
        ]
        assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [
            (401, "bad_signature")
        ] * len(refused)
        assert post.all() == []
        assert post.asked() == [task_id]

    def test_a_message_about_another_persons_task(self, post: Post) -> None:
        task_id = post.order()
        others = [
            post.ends("another-task"),
            post.ends(task_id, labels={"owner": "account-eve"}),
            post.ends(task_id, name="images.resize"),
            {"type": "webhook.test", "timestamp": "2026-11-29T12:00:00.000Z", "data": {}},
            {"data": None},
        ]
        answers = [post.webhook(body, f"msg_{number}") for number, body in enumerate(others)]
        assert [answer.status_code for answer in answers] == [204] * len(others)
        assert post.all() == []
        assert post.asked() == [task_id]

    @pytest.mark.parametrize(
        "email",
        ["user-124@example.com", f"{ADDRESS}, eve@example.net", f"{ADDRESS}\nBcc: eve@example.net", ""],
    )
    def test_an_address_that_is_not_the_users_own(self, post: Post, email: str) -> None:
        """And no report is made."""
        answer = post.client.post("/reports", json={"user_id": USER, "email": email})
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_address")
        assert post.asked() == []
        with redis.Redis.from_url(post.settings.broker_url) as broker:
            assert broker.llen("reports") == 0
