"""What nobody has heard is found: each gap begins a round through all keys, however often gaps come."""

from __future__ import annotations

import asyncio
from typing import Any

from stack.valkey import Valkey
from taskbeam.gateway.dashboard.journals import JournalRows
from taskbeam.gateway.dashboard.rounds import Rounds
from taskbeam.gateway.dashboard.rows import Kind
from taskbeam.gateway.dashboard.task_index import TaskIndex
from tests.support.journal import Journals
from tests.support.results import all_names, connected_to, control, emptied

from .reading_rows import reading

#: As SCAN may return them: the first one is 0.
CURSORS = (0, 12, 7)


def looked_after(*gaps: int) -> list[int]:
    """The parts that are looked at from the last gap on, where there is one before each of these looks."""
    rounds, looked = Rounds(), list[int]()
    for look in range(1 + max(gaps) + 3 * len(CURSORS)):
        if look in gaps:
            rounds.owe()
        if (cursor := rounds.cursor) is None:
            continue
        if look >= max(gaps):
            looked.append(cursor)
        rounds.looked(CURSORS[(CURSORS.index(cursor) + 1) % len(CURSORS)])
    assert rounds.cursor is None
    return looked


def test_nothing_is_looked_through_unless_it_is_owed() -> None:
    assert Rounds().cursor is None
    assert looked_after(0) == [*CURSORS]


def test_after_a_gap_there_is_a_whole_round_and_no_more() -> None:
    for gap in range(2 * len(CURSORS)):
        *rest, first, second, third = looked_after(0, gap)
        assert (first, second, third) == CURSORS
        assert len(rest) < len(CURSORS), gap


def test_gaps_before_each_look_keep_no_round_from_its_end() -> None:
    rounds, looked = Rounds(), list[int]()
    for _ in range(2 * len(CURSORS)):
        rounds.owe()
        assert rounds.cursor is not None
        looked.append(rounds.cursor)
        rounds.looked(CURSORS[(CURSORS.index(rounds.cursor) + 1) % len(CURSORS)])
    assert looked == [*CURSORS] * 2


def test_what_was_sent_and_has_ended_between_two_turns_is_in_the_list() -> None:
    async def scene(url: str, journals: Journals) -> tuple[set[str], set[str]]:
        async with connected_to(url) as client, reading(client) as reads:
            rows = JournalRows(reads, all_names(), "own")
            index = TaskIndex(client, control(), rows, 1000, 3600.0)
            ended: set[str] = set()
            for _ in range(2):
                task = journals.task()
                task.finish()
                ended.add(task.id)
                await index.load()  # a turn of the same gateway begins
                while rows.searching:
                    await index.find()
            listed: Any = await client.zrange(control().dashboard_kind(Kind.SUCCEEDED), 0, -1)
            return ended, {raw.decode() for raw in listed}

    with Valkey() as server, emptied(server.url(1)), Journals(server.url(1)) as journals:
        ended, listed = asyncio.run(scene(server.url(1), journals))
        assert listed == ended
