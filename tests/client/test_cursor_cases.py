"""The rules of cursors, held to the cases that the browser's client and the gateway are held to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from taskbeam.client.cursor import Verdict, verdict
from taskbeam.journal.events import EventId

Case = dict[str, Any]

CASES: dict[str, list[Case]] = json.loads(
    (Path(__file__).parents[1] / "data" / "cursor_cases.json").read_text()
)


def by_name(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", CASES[kind], ids=lambda case: case["name"])


def taken(cursor: str | None, events: list[dict[str, Any]], *, first: bool) -> tuple[list[str], bool]:
    """The ids that a client takes, and whether it asks for what is missing."""
    at = EventId.parse(cursor) if cursor else None
    found: list[str] = []
    for event in events:
        judged, first = verdict(at, event, first=first), False
        if judged is Verdict.ASK:
            return found, True
        if judged is Verdict.TAKE:
            at = EventId.parse(event["id"])
            found.append(event["id"])
    return found, False


def bodies(ids: list[str]) -> list[dict[str, Any]]:
    return [{"id": each, "type": "data"} for each in ids]


def replay(case: Case) -> list[dict[str, Any]]:
    gap = case["gap"]
    told = [] if gap is None else [{"id": gap["id"], "type": "gap", "gap": gap}]
    return told + bodies(case["events"])


@by_name("live")
def test_live(case: Case) -> None:
    assert taken(case["cursor"], bodies(case["arrives"]), first=False) == (case["taken"], case["asks"])


@by_name("replay")
def test_replay(case: Case) -> None:
    expected = [event["id"] for event in replay(case)]
    assert taken(case["after"], replay(case), first=case["after"] is None) == (expected, False)


def test_an_event_without_an_id_moves_no_cursor() -> None:
    event = {"type": "output", "text": "so far"}
    assert verdict(EventId(1, 5), event, first=False) is Verdict.TAKE
    assert verdict(None, event, first=False) is Verdict.TAKE


@pytest.mark.parametrize("cursor", [None, "0-0"])
def test_from_the_start_only_the_beginning_is_taken(cursor: str | None) -> None:
    events = bodies(["1763800000000-1", "1763800000000-2"])
    assert taken(cursor, events, first=True) == (["1763800000000-1", "1763800000000-2"], False)
    assert taken(cursor, events, first=False) == ([], False)
