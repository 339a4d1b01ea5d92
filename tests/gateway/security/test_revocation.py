"""A revoked token, and a revoked owner's, are cut off on every gateway, which Redis alone tells."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.event_stream import EventStream
from tests.support.gateway import Gateway, gateway
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import wait_until

from .revoking import code, end, entry, two_gateways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.journal import Journals, Task

REVOKED = Closed(4401, "token_revoked")


@pytest.fixture(scope="module")
def both(valkey: Valkey) -> Iterator[list[Gateway]]:
    with two_gateways(valkey) as pair:
        yield pair


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
        assert time.monotonic() - began < 45
        task.append()
        assert other.body() == task.bodies()[1]
    assert [code(served, task, token) for served in both] == ["token_revoked"] * 2


def test_of_an_owner_lets_later_tokens_in(both: list[Gateway], valkey: Valkey, task: Task) -> None:
    """Revoked a minute ago; issued before that, and after."""
    owner = f"again {task.id}"
    entry(valkey, f"owner:{owner}", time.time() - 60)
    before = sign(tasks=[task.id], sub=owner, iat=time.time() - 70)
    wait_until(lambda: codes(both, task, before) == {"token_revoked"})
    assert codes(both, task, sign(tasks=[task.id], sub=owner, iat=time.time() - 50)) == {""}


def test_of_an_owner_includes_what_a_clock_that_is_ahead_has_signed(
    both: list[Gateway], valkey: Valkey, task: Task
) -> None:
    owner = f"ahead {task.id}"
    token = sign(tasks=[task.id], sub=owner, iat=time.time() + 4)
    assert codes(both, task, token) == {""}
    end(valkey, owners=[owner])
    wait_until(lambda: codes(both, task, token) == {"token_revoked"})


def test_is_known_to_a_gateway_that_starts_later(valkey: Valkey, task: Task) -> None:
    end(valkey, tokens=["before it started"])
    token = sign(tasks=[task.id], jti="before it started")
    with gateway(valkey.url().removesuffix("/0"), **TOKENS) as served:
        # Until it knows, it lets nobody in.
        told = set()
        wait_until(lambda: told.add(code(served, task, token)) or "token_revoked" in told)  # type: ignore[func-returns-value]
        assert told <= {"token_revoked", "unavailable"}


def codes(both: list[Gateway], task: Task, token: str) -> set[str]:
    return {code(served, task, token) for served in both}
