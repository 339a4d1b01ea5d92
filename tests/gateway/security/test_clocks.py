"""A revocation is heard of by its place in the order: no clock of Redis hides it, and no loss of data."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from taskbeam.gateway.auth.identity import Identity
from taskbeam.gateway.auth.revoked import EVER, Revocation, Revoked
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.tokens import bearer, sign
from tests.support.waiting import wait_until

from .revoking import code, end, entry, lose_all, two_gateways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Task

HOUR = 3600

REVOKED = Closed(4401, "token_revoked")


@pytest.fixture(scope="module")
def both(valkey: Valkey) -> Iterator[list[Gateway]]:
    with two_gateways(valkey) as pair:
        yield pair


@pytest.fixture(autouse=True)
def _alone(valkey: Valkey) -> Iterator[None]:
    lose_all(valkey)
    yield
    lose_all(valkey)


def stamp(seconds: float) -> str:
    """The id of an entry by a clock that is so many seconds ahead."""
    return f"{int((time.time() + seconds) * 1000)}-0"


def is_revoked(both: list[Gateway], task: Task, token_id: str) -> bool:
    token = sign(tasks=[task.id], jti=token_id)
    return {code(served, task, token) for served in both} == {"token_revoked"}


def ahead_and_back(valkey: Valkey, known: Callable[[str], None]) -> None:
    """An hour ahead, then right again: Redis goes on from the id that it had."""
    entry(valkey, "token:ahead", EVER, stamp(HOUR))
    known("ahead")


def behind_by_an_hour(valkey: Valkey, known: Callable[[str], None]) -> None:
    """Another server takes over, which has no entry, and a clock that is behind."""
    entry(valkey, "token:right", EVER)
    known("right")
    lose_all(valkey)
    entry(valkey, "token:behind", EVER, stamp(-HOUR))
    known("right")


def back_and_on(valkey: Valkey, known: Callable[[str], None]) -> None:
    """All within one look: lost, an entry from an hour ago, and one that is newer than what was known."""
    entry(valkey, "token:right", EVER)
    known("right")
    lose_all(valkey)
    entry(valkey, "token:behind", EVER, stamp(-HOUR))
    entry(valkey, "token:ahead", EVER, stamp(HOUR))
    known("behind")


@pytest.mark.parametrize(
    "jump", [ahead_and_back, behind_by_an_hour, back_and_on], ids=lambda jump: jump.__name__
)
def test_what_is_live_ends_whatever_the_clock_did(
    both: list[Gateway], valkey: Valkey, task: Task, jump: Callable[..., None]
) -> None:
    token_id = f"token of {task.id}"
    token = sign(tasks=[task.id], jti=token_id)
    path = f"/tasks/{task.id}/ws"
    with (
        RawWebSocket(both[0], path, headers=bearer(token)) as left,
        RawWebSocket(both[1], path, headers=bearer(token)) as right,
    ):
        assert left.body() == right.body()
        jump(valkey, lambda name: wait_until(lambda: is_revoked(both, task, name)))
        end(valkey, tokens=[token_id])
        assert [left.closed(), right.closed()] == [REVOKED] * 2
    assert is_revoked(both, task, token_id)


def test_what_redis_has_lost_stays_revoked(both: list[Gateway], valkey: Valkey, task: Task) -> None:
    end(valkey, tokens=["lost"])
    wait_until(lambda: is_revoked(both, task, "lost"))
    lose_all(valkey)
    end(valkey, tokens=["later"])
    wait_until(lambda: is_revoked(both, task, "later"))
    assert is_revoked(both, task, "lost")


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_redis_clock_does_not_say_until_when_an_owner_is_revoked(
    both: list[Gateway], valkey: Valkey, task: Task, jump: int
) -> None:
    """What was issued before is revoked, what is issued after is good, as clocks of tokens go."""
    owner = f"owner of {task.id}"
    entry(valkey, "token:some", EVER, stamp(jump))
    entry(valkey, f"owner:{owner}", time.time() - 60)
    before, after = (sign(tasks=[task.id], sub=owner, iat=time.time() - ago) for ago in (61, 59))
    wait_until(lambda: {code(served, task, before) for served in both} == {"token_revoked"})
    assert {code(served, task, after) for served in both} == {""}


class TestMemory:
    """Of one process, by a clock that never jumps."""

    ADA = Identity(token_id="a", subject="ada", issued=1000.0)

    def revoked(self, now: list[float]) -> Revoked:
        return Revoked(100.0, lambda: now[0])

    def test_of_two_about_one_name_the_later_holds(self) -> None:
        revoked = self.revoked([0.0])
        assert revoked.learn([Revocation("owner:ada", 1000.0)])
        assert not revoked.learn([Revocation("owner:ada", 900.0)])
        assert revoked.concerns(self.ADA)

    def test_keeps_each_for_as_long_as_a_token_lives(self) -> None:
        now = [0.0]
        revoked = self.revoked(now)
        revoked.learn([Revocation("token:a", EVER)])
        for now[0] in (1.0, 99.0):
            revoked.learn([Revocation(f"token:{now[0]}", EVER)])
            assert revoked.concerns(self.ADA)
        now[0] = 101.0
        revoked.learn([Revocation("token:b", EVER)])
        assert not revoked.concerns(self.ADA)
