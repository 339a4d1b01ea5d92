"""A page of the history: however much there is, it reads a bounded part, and the next one goes on."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING

from taskbeam.gateway.dashboard.place import Place
from taskbeam.gateway.dashboard.task_list import CHUNK, MOST_LOOKED
from taskbeam.gateway.dashboard.wanted import Wanted
from taskbeam.gateway.history import history as reading
from taskbeam.gateway.history.address import history_address
from taskbeam.gateway.history.history import History
from taskbeam.gateway.history.kept import columns_of
from taskbeam.gateway.history.store import HistoryStore, Piece, Search

from .rows import row

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def pages(path: Path, count: int, wanted: Wanted, most: int) -> list[list[str]]:
    """The ids that come until enough were looked at, page by page, of so many rows."""
    store = HistoryStore(history_address(f"sqlite:///{path}"))
    store.write(
        [columns_of(row(number, title="rare" if number == 0 else None), None) for number in range(count)]
    )

    async def scene() -> list[list[str]]:
        history, found = History(store, Counter()), list[list[str]]()
        before: Place | None = None
        while True:
            page: list[str] = []
            goes_on = False
            async for place, each in history.rows(wanted, None, 0, None, before, most):
                before, goes_on = place, each is None
                page += [] if each is None else [each["id"]]
            found.append(page)
            if not goes_on:
                await history.close()
                return found

    return asyncio.run(scene())


def test_a_rare_word_is_looked_for_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LOOK", 10)
    found = pages(tmp_path / "history.db", 85, Wanted("rare"), 5)
    assert found == [[], [], ["task-000"]], "each has looked at forty"


class Common(HistoryStore):
    """Has the words in each row, and no end of them."""

    def __init__(self) -> None:
        super().__init__(history_address("sqlite:////nowhere/history.db"))
        self.asked: list[int] = []

    def find(self, search: Search, look: int, most: int) -> Piece:
        assert (search.words, look) == (["7"], reading.LOOK)
        self.asked.append(most)
        rows = [(Place(number, "7"), json.dumps(row(number))) for number in range(most)]
        return Piece(rows, rows[-1][0])


def test_a_word_that_stands_everywhere_costs_a_page_few_statements() -> None:
    store = Common()

    async def scene() -> list[bool]:
        found = History(store, Counter()).rows(Wanted(owner="7"), None, 0, None, None, 2)
        return [each is None async for _, each in found]

    *rows, last = asyncio.run(scene())
    assert store.asked == [CHUNK] * reading.PIECES
    assert (any(rows), last) == (False, True), "it says that it has not looked at all"


def test_no_page_reads_more_than_it_may(tmp_path: Path) -> None:
    ids = pages(tmp_path / "history.db", MOST_LOOKED + CHUNK + 1, Wanted(), 10 * MOST_LOOKED)
    assert [len(page) for page in ids] == [MOST_LOOKED, CHUNK + 1]
    assert len({each for page in ids for each in page}) == MOST_LOOKED + CHUNK + 1
