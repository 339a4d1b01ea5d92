"""Each followed task is looked at once per interval, on a played clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, cast

import pytest

from taskbeam.follow.position_check import AT_ONCE, PositionCheck

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.follow.hub import Hub
    from taskbeam.journal.reader import JournalReader

#: Seconds.
INTERVAL = 15.0


class Followers:
    def __init__(self, count: int) -> None:
        self.names = [b"task %d" % number for number in range(count)]

    def followed(self) -> list[bytes]:
        return list(self.names)


class OverError(Exception):
    """The test has seen enough."""


class Round(PositionCheck):
    """One interval; somebody comes right after it has begun."""

    def __init__(self, followers: Followers) -> None:
        super().__init__(cast("Hub", followers), cast("JournalReader", None), INTERVAL)
        self.followers = followers
        self.looked_at = Counter[bytes]()
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        if not self.now:
            self.followers.names.append(b"who comes later")
        elif self.now > INTERVAL - seconds / 2:
            raise OverError
        self.now += seconds

    async def check(self, names: Sequence[bytes]) -> None:
        self.looked_at.update(names)


@pytest.mark.parametrize("count", [0, 1, AT_ONCE - 1, AT_ONCE, 3 * AT_ONCE])
def test_each_has_its_turn_within_an_interval_also_who_comes_later(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    played = Round(Followers(count))
    monkeypatch.setattr(asyncio, "sleep", played.sleep)
    with pytest.raises(OverError):
        asyncio.run(played.run())
    assert played.looked_at == Counter(played.followers.names)
