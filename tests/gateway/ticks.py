"""What the dashboard tells: a tick each second."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx

from taskbeam.gateway import problems
from taskbeam.gateway.dashboard.publisher import DASHBOARD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.gateway import Gateway


def ticks(served: Gateway, headers: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Those that its journal has, the oldest first; none while nobody has begun to tell."""
    answer = httpx.get(f"{served.http}/tasks/{DASHBOARD}/events?limit=1000", headers=headers, timeout=60)
    if answer.status_code == problems.UNKNOWN_TASK.status:
        return []
    return [event["data"] for event in answer.json()["events"]]


def counted(served: Gateway, headers: Mapping[str, str] | None = None) -> Counter[str]:
    """How many tasks were sent, have begun, succeeded and so on, whatever their names."""
    counts: Counter[str] = Counter()
    for tick in ticks(served, headers):
        for each in tick["tasks"].values():
            counts.update(each)
    return counts
