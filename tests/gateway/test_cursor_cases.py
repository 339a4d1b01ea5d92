"""The rules of ids, cursors and gaps, held to the cases that the browser client is held to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from taskbeam.follow.channel import Channel
from taskbeam.follow.outputs import Deliver, Read
from taskbeam.journal.events import EventId, Record
from taskbeam.journal.history import Gap, History

Case = dict[str, Any]

CASES: dict[str, list[Case]] = json.loads(
    (Path(__file__).parents[1] / "data" / "cursor_cases.json").read_text()
)


def by_name(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", CASES[kind], ids=lambda case: case["name"])


def cursor(text: str | None) -> EventId | None:
    return EventId.parse(text) if text else None


def record(text: str) -> Record:
    return Record(EventId.parse(text), False, b"{}")


@pytest.mark.parametrize("case", CASES["order"], ids=lambda case: case["newer"])
def test_order(case: Case) -> None:
    assert EventId.parse(case["older"]) < EventId.parse(case["newer"])


@by_name("live")
def test_live(case: Case) -> None:
    channel: Channel[str] = Channel()
    at = EventId.parse(case["cursor"])
    channel.join("client", at)
    channel.subscribed()
    channel.history(History(at, record(case["cursor"]), []))
    taken: list[str] = []
    asks = False
    for arriving in case["arrives"]:
        for output in channel.published(record(arriving)):
            if isinstance(output, Deliver):
                taken += [str(found.id) for found in output.records]
            asks = asks or isinstance(output, Read)
    assert (taken, asks) == (case["taken"], case["asks"])


@by_name("replay")
def test_replay(case: Case) -> None:
    journal = case["journal"]
    ids = [EventId(journal["epoch"], seq) for seq in range(journal["first"], journal["last"] + 1)]
    records = [Record(each, False, b"{}") for each in ids]
    replay = History(ids[-1], records[-1], records).replay(cursor(case["after"]))
    assert replay is not None
    gap, found, _ = replay
    assert [str(each.id) for each in found] == case["events"]
    told = case["gap"]
    assert gap == (told and Gap(EventId.parse(told["after"]), EventId.parse(told["id"]), told["reason"]))


@by_name("replay")
def test_who_shares_a_stream_is_due_what_it_brings_after_his_cursor(case: Case) -> None:
    """So a client that drops what it has, and nothing else, gets what it would be given alone."""
    ids = [EventId.parse(text) for text in case["events"]]
    records = [record(text) for text in case["events"]]
    for other in map(cursor, case["sharing"]):
        replay = History(ids[-1], records[-1], records).replay(other)
        assert replay is not None
        gap, found, _ = replay
        assert gap is None
        assert [each.id for each in found] == [each for each in ids if other is None or each > other]
