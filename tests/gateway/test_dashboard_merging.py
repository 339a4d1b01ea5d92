"""One list of what Redis has and of what the history has: in order, each life of a task once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from taskbeam.gateway.dashboard.merging import merged
from taskbeam.gateway.dashboard.place import Place

if TYPE_CHECKING:
    from taskbeam.gateway.dashboard.older import Placed


PLACES = st.sets(st.tuples(st.integers(0, 9), st.sampled_from("abc")))


async def rows(places: list[tuple[int, str]], source: str, stops_at: int | None = None) -> Placed:
    for sent, task_id in sorted(places, reverse=True):
        if sent == stops_at:
            yield Place(sent, task_id), None
            return
        yield Place(sent, task_id), {"id": task_id, "epoch": sent, "source": source}


def listed(*sources: Any) -> list[tuple[Place, Any]]:
    async def scene() -> list[tuple[Place, Any]]:
        return [each async for each in merged(*sources)]

    return asyncio.run(scene())


@given(newer=PLACES, older=PLACES)
def test_it_is_one_list_without_repetitions(newer: set[tuple[int, str]], older: set[tuple[int, str]]) -> None:
    found = listed(rows(list(newer), "Redis"), rows(list(older), "history"))
    assert [tuple(place) for place, _ in found] == sorted(newer | older, reverse=True)
    assert all((row["source"] == "Redis") == (tuple(place) in newer) for place, row in found)


def test_it_ends_where_one_has_looked_at_enough() -> None:
    every = [(sent, "a") for sent in range(9)]
    for sources in (
        (rows(every, "Redis", stops_at=5), rows(every, "history")),
        (rows(every, "Redis"), rows(every, "history", stops_at=5)),
    ):
        *found, last = listed(*sources)
        assert [place.sent for place, _ in found][:3] == [8, 7, 6]
        assert last == (Place(5, "a"), None)
