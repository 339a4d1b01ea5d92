"""A revoked token, and a revoked owner's, are cut off on every gateway, which Redis alone tells."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx
import pytest

from app.settings import Settings
from taskbeam.cli.revoke import run as revoke_on
from taskbeam.gateway.connections.celery_application import celery_application
from tests.support.event_stream import EventStream
from tests.support.gateway import Gateway, gateway
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stack.valkey import Valkey
    from tests.support.journal import Journals, Task

REVOKED = Closed(4401, "token_revoked")


@pytest.fixture(scope="module")
def both(valkey: Valkey) -> Iterator[list[Gateway]]:
    """Two gateways, one per serving path."""
    origin = valkey.url().removesuffix("/0")
    with (
        gateway(origin, "detached", **TOKENS) as detached,
        gateway(origin, "portable", **TOKENS) as portable,
    ):
        yield [detached, portable]


@pytest.fixture
def task(journals: Journals) -> Task:
    return journals.task(labels={"owner": "user-7"})


@pytest.mark.parametrize("what", ["token", "owner"])
def test_cuts_what_is_live_within_a_second(
    both: list[Gateway], valkey: Valkey, task: Task, what: str
) -> None:
    token_id = f"token of {task.id}"
    token = sign(tasks=[task.id], jti=token_id, sub=f"owner of {task.id}", owner="user-7")
    with ExitStack() as stack:
        sockets, streams = [], []
        for served in both:
            one = stack.enter_context(RawWebSocket(served, f"/tasks/{task.id}/ws", headers=bearer(token)))
            many = stack.enter_context(RawWebSocket(served, "/ws", headers=bearer(token)))
            many.say(op="subscribe", task_id=task.id)
            assert many.json()["op"] == "subscribed"
            stream = stack.enter_context(EventStream(served, task.id, headers=bearer(token)))
            assert one.body() == many.body() == stream.body() == task.bodies()[0]
            sockets += [one, many]
            streams.append(stream)
        other = stack.enter_context(
            RawWebSocket(both[0], f"/tasks/{task.id}/ws", headers=bearer(sign(owner="user-7")))
        )
        assert other.body() == task.bodies()[0]

        if what == "token":
            end(valkey, tokens=[token_id])
        else:
            end(valkey, owners=[f"owner of {task.id}"])
        began = time.monotonic()
        assert [socket.closed() for socket in sockets] == [REVOKED] * 4
        assert all(b"token_revoked" in stream.rest() for stream in streams)
        # The promise is a second; the rest is for a machine with other work.
        assert time.monotonic() - began < 3
        task.append()
        assert other.body() == task.bodies()[1]
    assert [code(served, task, token) for served in both] == ["token_revoked"] * 2


def test_of_an_owner_lets_later_tokens_in(both: list[Gateway], valkey: Valkey, task: Task) -> None:
    owner = f"again {task.id}"
    before = sign(tasks=[task.id], sub=owner, iat=time.time() - 1)
    end(valkey, owners=[owner])
    wait_until(lambda: code(both[0], task, before) == "token_revoked")
    assert code(both[0], task, sign(tasks=[task.id], sub=owner, iat=time.time() + 1)) == ""


def test_is_known_to_a_gateway_that_starts_later(valkey: Valkey, task: Task) -> None:
    end(valkey, tokens=["before it started"])
    token = sign(tasks=[task.id], jti="before it started")
    with gateway(valkey.url().removesuffix("/0"), **TOKENS) as served:
        # Until it knows, it lets nobody in.
        told = set()
        wait_until(lambda: told.add(code(served, task, token)) or "token_revoked" in told)  # type: ignore[func-returns-value]
        assert told <= {"token_revoked", "unavailable"}


def end(valkey: Valkey, *, tokens: Sequence[str] = (), owners: Sequence[str] = ()) -> None:
    """Revoke, as the command does."""
    settings = Settings(result_backend="taskbeam+" + valkey.url(1))
    asyncio.run(revoke_on(celery_application(settings), settings, list(tokens), list(owners)))


def code(served: Gateway, task: Task, token: str) -> str:
    """What a request with the token is answered; empty if it is good."""
    answer = httpx.get(f"{served.http}/tasks/{task.id}", headers=bearer(token))
    return "" if answer.status_code == 200 else str(answer.json()["code"])
