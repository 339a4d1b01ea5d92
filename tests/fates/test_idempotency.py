"""A request that is sent twice, or a hundred times at once, starts one task."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx

from .endpoint import refused

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

    from .stage import Stage

REQUESTS = 100


def test_concurrent_requests_with_one_key_start_one_task(stage: Stage, served: Gateway) -> None:
    answers = asyncio.run(_ask_at_once(served, {"Idempotency-Key": "the-same"}))
    assert {answer.status_code for answer in answers} == {202}
    (task_id,) = {answer.json()["task_id"] for answer in answers}
    assert stage.queue.llen("reports") == 1
    assert stage.story(task_id) == ["PENDING"]
    _another_body_is_refused(stage, served)


def _another_body_is_refused(stage: Stage, served: Gateway) -> None:
    headers = {"Idempotency-Key": "the-same"}
    answer = httpx.post(f"{served.http}/reports", json={"user_id": 2}, headers=headers)
    assert refused(answer) == (409, "idempotency_conflict")
    assert stage.queue.llen("reports") == 1


async def _ask_at_once(served: Gateway, headers: dict[str, str]) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=REQUESTS)
    async with httpx.AsyncClient(timeout=60, verify=False, limits=limits) as http:
        asked = [
            http.post(f"{served.http}/reports", json={"user_id": 1}, headers=headers) for _ in range(REQUESTS)
        ]
        return await asyncio.gather(*asked)
