"""Rows of the operators' list."""

from __future__ import annotations

from typing import Any

from taskbeam.gateway.dashboard.rows import told

#: When the first of them was sent, in Unix seconds.
FIRST = 1_763_800_000.0


def row(number: int, **members: Any) -> dict[str, Any]:
    """Of a task that has ended, a second after the one before; None: a member that it has not."""
    sent = FIRST + number
    found = {
        "id": f"task-{number:03}",
        "name": "tests.task",
        "state": "SUCCESS",
        "epoch": round(sent * 1000),
        "attempt": 1,
        "sent": sent,
        "ts": sent + 0.5,
        "ended": sent + 0.5,
    }
    return told(found | members)
