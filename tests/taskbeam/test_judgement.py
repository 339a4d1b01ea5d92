"""When a lease that ran out is held against its worker: one row per story."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from taskbeam.presence.judgement import GIVEN_UP, Judgement

LEASE = 10_000


class Look(NamedTuple):
    """A look that succeeds; ms by Redis' clock, and seconds by ours from asking to the answer."""

    now: int
    life: str = "a"
    took: float = 0.0
    ours: float | None = None  # as Redis' clock


class Failure(NamedTuple):
    """A look that fails."""


WATCHED = Look(0), Look(LEASE)

STORIES = [
    # what happened, when the lease ran out, is the worker gone at the last look
    ("it ran out under watch", [*WATCHED, Look(30_000)], 25_000, True),
    ("it runs on", [*WATCHED, Look(30_000)], 30_001, False),
    ("the watchdog has just started", [Look(30_000)], 25_000, False),
    ("it has watched for less than a lease", [Look(30_000), Look(39_999)], 25_000, False),
    ("it has watched for a lease", [Look(30_000), Look(40_000)], 25_000, True),
    ("a look failed", [*WATCHED, Failure(), Look(30_000)], 25_000, False),
    ("one lease after a look failed", [*WATCHED, Failure(), Look(30_000), Look(40_000)], 25_000, True),
    ("it fails again and again", [*WATCHED, Failure(), Look(30_000), Failure(), Look(40_000)], 25_000, False),
    ("another server, or another start of it", [*WATCHED, Look(30_000, "b")], 25_000, False),
    ("Redis was frozen while it was asked", [*WATCHED, Look(30_000, took=4.0)], 29_000, False),
    ("Redis' clock jumps ahead", [*WATCHED, Look(3_600_000, ours=12.0)], 20_000, False),
    ("Redis' clock jumps back", [*WATCHED, Look(5_000, ours=12.0)], 4_000, False),
    ("the worker gave it up", [Look(30_000)], GIVEN_UP, True),
]


@pytest.mark.parametrize(
    ("looks", "end", "gone"), [story[1:] for story in STORIES], ids=[story[0] for story in STORIES]
)
def test_whether_a_worker_is_gone(looks: list[Look | Failure], end: int, gone: bool) -> None:
    judgement = Judgement()
    now = 0
    for look in looks:
        if isinstance(look, Failure):
            judgement.failed()
            continue
        now = look.now
        ended = now / 1000 if look.ours is None else look.ours
        judgement.looked(now, look.life, ended - look.took, ended)
    assert judgement.is_gone(end, LEASE, now) is gone


def test_doubt_is_told_once() -> None:
    judgement = Judgement()
    judgement.looked(1000, "a", 1, 1)
    judgement.failed()
    doubts = [judgement.looked(now * 1000, "a", now, now) for now in (2, 3, 4)]
    assert doubts == [True, False, False]


def test_the_first_look_follows_nothing_that_could_have_been_wrong() -> None:
    assert Judgement().looked(1000, "a", 1, 1) is False
