"""A gateway whose Redis has gone, or is frozen, answers with its documents as for anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from stack.valkey import Valkey
from taskbeam import Payloads
from tests.support.gateway import gateway
from tests.support.journal import Journals
from tests.support.redis_cluster import one_server
from tests.support.results import control, server_of_results
from tests.support.waiting import wait_until

from .reading import ASYNCAPI, OPENAPI

if TYPE_CHECKING:
    from tests.support.gateway import Gateway

#: Seconds. A Redis that is well answers within them, on a busy machine, too.
REDIS_TIMEOUT = 3.0

NAME = "jobs.typed--result"


def has_types(served: Gateway) -> list[bool]:
    answers = [httpx.get(served.http + path, timeout=120) for path in (OPENAPI, ASYNCAPI)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("TaskEvent" in answer.text for answer in answers)
    return [NAME in answer.text for answer in answers]


def publish(valkey: Valkey) -> None:
    with Journals(valkey.url(1)) as journals:
        journals.redis.hset(control().schemas, "jobs.typed", Payloads(result=int).schema("jobs.typed"))


@pytest.mark.parametrize(
    "fault", [pytest.param("gone", marks=one_server("it stops the server with the results")), "frozen"]
)
def test_documents_answer_without_redis(fault: str) -> None:
    with (
        Valkey() as valkey,
        gateway(valkey.url().removesuffix("/0"), redis_timeout=REDIS_TIMEOUT) as served,
    ):
        publish(valkey)
        wait_until(lambda: has_types(served) == [True, True])
        if fault == "gone":
            valkey.stop()
        else:
            server_of_results(valkey).pause()
        assert has_types(served) == [False, False]
        if fault == "gone":
            valkey.start()
            publish(valkey)
        else:
            server_of_results(valkey).resume()
        wait_until(lambda: has_types(served) == [True, True])
