"""A count of the whole table holds up nobody: one runs at a time, and one that fails rests, too."""

from __future__ import annotations

import asyncio
from threading import Event
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from taskbeam.gateway.history.counting import COUNTED, Counting
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import pytest


class Table:
    """Counts when it is let; then it finds what it is told to, or fails."""

    def __init__(self) -> None:
        self.begun = 0
        self.let = Event()
        self.fails = False

    def count(self) -> dict[str, int]:
        self.begun += 1
        assert self.let.wait(DEADLINE)
        if self.fails:
            raise OperationalError("SELECT", None, Exception("statement timeout"))
        return {"failed": self.begun}


def counted(scene: Callable[[Counting, Table, Callable[[], Awaitable[None]]], Awaitable[None]]) -> None:
    """Play the scene; it can wait until no count is under way."""

    async def playing() -> None:
        table = Table()
        counting = Counting(table.count)

        async def rests() -> None:
            async with asyncio.timeout(DEADLINE):
                while counting.under_way:  # noqa: ASYNC110 # of a thread
                    await asyncio.sleep(0.001)

        await scene(counting, table, rests)
        table.let.set()
        await counting.close()

    asyncio.run(playing())


def test_nobody_waits_for_a_count_and_there_is_one_at_a_time() -> None:
    async def scene(counting: Counting, table: Table, rests: Callable[[], Awaitable[None]]) -> None:
        found: list[Mapping[str, int]] = []
        for _ in range(10):
            found.append(counting.known())
            await asyncio.sleep(0)
        assert found == [{}] * 10
        table.let.set()
        await rests()
        assert table.begun == 1
        assert counting.known() == {"failed": 1}

    counted(scene)


def test_a_count_that_fails_is_not_repeated_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(counting: Counting, table: Table, rests: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        table.let.set()
        counting.known()
        await rests()
        now, table.fails = loop.time() + 1000, True
        monkeypatch.setattr(loop, "time", lambda: now)
        assert counting.known() == {"failed": 1}, "due again"
        monkeypatch.undo()
        await rests()
        assert table.begun == 2
        assert counting.known() == {"failed": 1}, "what was counted before"
        await rests()
        assert table.begun == 2, f"not for {COUNTED} s"

    counted(scene)
    assert "cannot be counted" in caplog.text
