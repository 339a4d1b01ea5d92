"""A page of the history: however much there is, it reads a bounded part, and the next one goes on."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from taskbeam.gateway.dashboard.task_list import CHUNK, MOST_LOOKED
from taskbeam.gateway.dashboard.wanted import Wanted
from taskbeam.gateway.history import history as reading
from taskbeam.gateway.history.address import history_address
from taskbeam.gateway.history.history import History
from taskbeam.gateway.history.kept import columns_of
from taskbeam.gateway.history.store import HistoryStore

from .rows import row

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from taskbeam.gateway.dashboard.place import Place


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
    found = pages(tmp_path / "history.db", 45, Wanted("rare"), 5)
    assert found == [[], [], ["task-000"]], "each has looked at twenty"


def test_no_page_reads_more_than_it_may(tmp_path: Path) -> None:
    ids = pages(tmp_path / "history.db", MOST_LOOKED + CHUNK + 1, Wanted(), 10 * MOST_LOOKED)
    assert [len(page) for page in ids] == [MOST_LOOKED, CHUNK + 1]
    assert len({each for page in ids for each in page}) == MOST_LOOKED + CHUNK + 1
