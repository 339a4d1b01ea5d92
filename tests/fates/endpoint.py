"""What a client asks of the gateway beside events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.support.gateway import Gateway


def cancel(served: Gateway, task_id: str, **query: Any) -> httpx.Response:
    return httpx.post(f"{served.http}/tasks/{task_id}/cancel", params=query, timeout=60)


def cancelled(served: Gateway, task_id: str, **query: Any) -> str:
    """What the endpoint says it did."""
    answer = cancel(served, task_id, **query)
    assert answer.status_code == 202, answer.text
    done: str = answer.json()["cancel"]
    return done


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
