"""What the operators' list keeps of a task, made of its events."""

from __future__ import annotations

from typing import Any

import pytest

from taskbeam.gateway.dashboard.rows import Row, change_of, merged
from taskbeam.journal import events
from taskbeam.journal.events import EventId


def change(seq: int, state: str, ts: float, *, final: bool = False) -> Row:
    event: dict[str, Any] = {
        "type": "state",
        "task_id": "a",
        "name": "tests.task",
        "state": state,
        "attempt": 1,
        "ts": ts,
        "final": final,
    }
    found = change_of(event, EventId(1, seq))
    assert found is not None
    return found


@pytest.mark.parametrize("sent", [1796066123.511802, 1796066123.512, 1796066123.512499])
def test_a_task_is_sent_before_it_begins_also_within_a_millisecond(sent: float) -> None:
    began = sent + 0.000_17
    row = merged(change(1, events.PENDING, sent), change(2, events.STARTED, began))
    row = merged(row, change(3, events.SUCCESS, began, final=True))
    assert row["sent"] <= row["began"] <= row["ended"]
    assert sent - 0.001 < row["sent"] <= sent
    assert 0 <= row["waited"] <= 0.002
