"""A mail is sent once though its sender dies; no other sender than these has the results of this module."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import httpx
import psutil

from stack.valkey import Valkey
from tests.notifications.stage import due_now
from tests.support.gateway import gateway
from tests.support.results import control
from tests.support.waiting import wait_until
from tests.worker.mail_server import MailServer

from .post import ADDRESS, mail_settings, mailing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.gateway import Gateway


def asks(one: Gateway, other: Gateway) -> bool:
    """Whether one has a connection to the other."""
    connections = psutil.Process(one.process.pid).net_connections()
    return any(each.raddr and each.raddr.port == other.port for each in connections)


def test_one_that_is_killed_before_it_has_the_answer(tmp_path: Path) -> None:
    """The service does not answer, until the sender is dead; then the next one sends the same again."""
    with (
        Valkey() as valkey,
        MailServer().running() as server,
        mailing(valkey, tmp_path, server, send_notifications=0) as post,
    ):
        redis_url = valkey.url().removesuffix("/0")
        settings = mail_settings(tmp_path, post.settings, post.service.port)
        task_id = post.order()
        with gateway(redis_url, **settings) as sender:
            post.service.process.send_signal(signal.SIGSTOP)
            try:
                httpx.post(f"{sender.http}/tasks/{task_id}/cancel", timeout=60).raise_for_status()
                wait_until(lambda: asks(sender, post.service))
                sender.process.kill()
            finally:
                post.service.process.send_signal(signal.SIGCONT)
        [left] = post.store.zrange(control().notify_due, 0, -1)
        assert str(left).startswith("to ")
        due_now(post.store, "to ")
        with gateway(redis_url, **settings):
            assert [mail["To"] for mail in post.all()] == [ADDRESS]
