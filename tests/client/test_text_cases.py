"""The page's client, the library's and the tests' own put a text together alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from taskbeam.contract.events import task_event
from taskbeam.contract.text import Text
from tests.support.reading import ReadText

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "output_cases.json").read_text(encoding="utf-8")
)


def events_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for id_, attempt, offset, text, *omitted in case["pieces"]:
        output = {"offset": offset, "text": text} | ({"omitted": omitted[0]} if any(omitted) else {})
        common = {"type": "output", "task_id": "a", "state": "STARTED", "attempt": attempt, "final": False}
        found.append(common | {"output": output} | ({"id": id_} if id_ else {}))
    return found


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_text(case: dict[str, Any]) -> None:
    attempt, offset, text, omitted = case["then"]
    read, taken = ReadText(events_of(case)), Text()
    for event in events_of(case):
        taken.take(task_event(event))
    assert (read.attempt, read.start, read.text, read.omitted) == (attempt, offset, text, omitted)
    assert str(taken) == text
