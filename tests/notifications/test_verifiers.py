"""Whoever receives a webhook can verify it, in their language, by the package that exists for that."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.notifications.webhook import WEBHOOKS, new_secret, signed
from tests.support.receiver import receiving, said

from .conftest import DB
from .stage import due_now, run, staged, until
from .verifiers import VERIFIERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import redis

    from stack.valkey import Valkey
    from taskbeam.notifications.channel import Channel, Request
    from taskbeam.notifications.ended import Ended
    from taskbeam.notifications.members import Message
    from taskbeam.notifications.target import Target
    from tests.support.journal import Journals

    Send = Callable[..., tuple[str, bytes]]
    Verify = Callable[[str, tuple[str, bytes]], Any]

#: Behind the five minutes that Standard Webhooks allows.
TOO_OLD = timedelta(minutes=6)


@pytest.fixture
def send(valkey: Valkey, store: redis.Redis, journals: Journals) -> Send:
    """Lets a sender tell a receiver of an end; returns the request that arrived."""
    labels = {"owner": "ada", "tags": "a\nb", "title": "Größe 📈"}

    def request(*secrets: str, channel: Channel = WEBHOOKS) -> tuple[str, bytes]:
        arrived: list[tuple[str, bytes]] = []

        async def test() -> None:
            async with (
                receiving(said("HTTP/1.1 204 No Content\n\n")) as receiver,
                staged(valkey.url(DB), channel=channel) as stage,
            ):
                await stage.webhook(receiver, secrets=secrets)
                journals.task(labels=labels).finish()
                due_now(store)
                await until(lambda: receiver.requests)
                arrived.extend(receiver.requests)

        run(test())
        [only] = arrived
        return only

    return request


@pytest.fixture(params=VERIFIERS)
def verify(request: pytest.FixtureRequest) -> Verify:
    """Each of the packages."""
    return VERIFIERS[request.param]


def test_a_receiver_verifies_and_reads_what_was_sent(send: Send, verify: Verify) -> None:
    secret = new_secret()
    message = verify(secret, send(secret))
    assert message["type"] == "task.succeeded"
    assert message["data"]["labels"] == {"owner": "ada", "tags": ["a", "b"], "title": "Größe 📈"}


def test_both_secrets_verify_while_one_follows_the_other(send: Send, verify: Verify) -> None:
    newer, older, none = new_secret(), new_secret(), new_secret()
    request = send(newer, older)
    for secret in (newer, older):
        assert verify(secret, request)["type"] == "task.succeeded"
    assert verify(none, request) == "No matching signature found"


def test_a_body_that_was_changed_is_refused(send: Send, verify: Verify) -> None:
    secret = new_secret()
    head, body = send(secret)
    changed = body.replace(b"SUCCESS", b"FAILURE")
    assert changed != body
    assert verify(secret, (head, changed)) == "No matching signature found"


def test_a_request_that_somebody_kept_is_refused(send: Send, verify: Verify) -> None:
    """What is sent later has another time, so an old one is somebody's who has listened."""

    def kept(target: Target, message: Message, ended: Ended, now: datetime) -> Request:
        return signed(target, message, ended, now - TOO_OLD)

    secret = new_secret()
    request = send(secret, channel=WEBHOOKS._replace(request=kept))
    assert verify(secret, request) == "Message timestamp too old"
