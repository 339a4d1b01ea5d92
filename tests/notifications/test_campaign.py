"""A short campaign: each strike once. The long one is ``python -m tests.notifications.campaign``."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest

from tests.support.redis_cluster import one_server

from .campaign import STRIKES, strike_at
from .heard import Heard, TaskEnd

if TYPE_CHECKING:
    from pathlib import Path


@one_server("it kills the server with the results, and starts it again")
@pytest.mark.timeout(900)
def test_each_end_is_told_whoever_is_killed(tmp_path: Path) -> None:
    outcome = asyncio.run(strike_at(60, STRIKES, 17, tmp_path))
    assert len(outcome.ends) >= 60
    assert not outcome.wrong


def test_the_account_finds_what_was_never_told_and_what_had_two_ids() -> None:
    heard = Heard("whsec_" + "A" * 32, random.Random(1))
    first, second, third = (TaskEnd(name, "1-1") for name in "abc")
    heard.sent.update({first: {"msg_1"}, second: {"msg_2", "msg_3"}, third: {"msg_1"}})
    heard.taken.update({first: 1, second: 2})
    assert heard.twice == 1
    assert heard.wrong([first, second, third]) == [
        f"never told: {third}",
        f"several ids: {second} {heard.sent[second]}",
        "two ends have the same id",
    ]
