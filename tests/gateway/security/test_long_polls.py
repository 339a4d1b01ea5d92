"""A long-poll ends with its token, as a stream does: revoked or expired, on every gateway."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.tokens import TOKENS, bearer, sign

from .revoking import end, two_gateways

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Task

SETTINGS = TOKENS

#: Seconds that a poll waits for news that never come: longer than any machine needs to hear of a revocation.
LONG = 50

#: Where one may wait.
PATHS = ("/tasks/{}", "/tasks/{}/events")


@pytest.fixture(scope="module")
def both(valkey: Valkey) -> Iterator[list[Gateway]]:
    with two_gateways(valkey) as pair:
        yield pair


def poll(served: Gateway, path: str, task: Task, after: object, token: str) -> tuple[int, str]:
    url = f"{served.http}{path.format(task.id)}?wait={LONG}&after={after}"
    answer = httpx.get(url, headers=bearer(token), timeout=LONG * 2)
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.parametrize("what", ["token", "owner"])
def test_is_answered_401_when_it_is_revoked(
    both: list[Gateway], valkey: Valkey, task: Task, what: str
) -> None:
    last = task.append()
    token_id, owner = f"token of {task.id}", f"owner of {task.id}"
    token = sign(tasks=[task.id], jti=token_id, sub=owner)
    with ThreadPoolExecutor() as pool:
        polls = [pool.submit(poll, served, path, task, last, token) for served in both for path in PATHS]
        task.wait_for_subscribers(len(both))
        began = time.monotonic()
        end(valkey, **{f"{what}s": [token_id if what == "token" else owner]})
        assert [each.result() for each in polls] == [(401, "token_revoked")] * 4
        assert time.monotonic() - began < LONG / 2


@pytest.mark.parametrize("path", PATHS)
def test_is_answered_401_when_it_expires(both: list[Gateway], task: Task, path: str) -> None:
    last = task.append()
    token = sign(tasks=[task.id], exp=time.time() + 3)
    with ThreadPoolExecutor() as pool:
        began = time.monotonic()
        polls = [pool.submit(poll, served, path, task, last, token) for served in both]
        assert [each.result() for each in polls] == [(401, "token_expired")] * 2
        assert time.monotonic() - began < LONG / 2


def test_goes_on_when_somebody_else_is_revoked(both: list[Gateway], valkey: Valkey, task: Task) -> None:
    last = task.append()
    token, other = sign(tasks=[task.id]), sign(tasks=[task.id], jti=f"other of {task.id}")
    with ThreadPoolExecutor() as pool:
        lives = pool.submit(poll, both[0], PATHS[1], task, last, token)
        ends = pool.submit(poll, both[0], PATHS[1], task, last, other)
        task.wait_for_subscribers()
        end(valkey, tokens=[f"other of {task.id}"])
        assert ends.result() == (401, "token_revoked")
        task.append()
        assert lives.result() == (200, "")
