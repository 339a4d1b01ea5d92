"""Who sends and cancels tasks of stock workers by the gateway, and who may read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from taskbeam.journal.keys import task_keys
from tests.support.event_stream import EventStream
from tests.support.gateway import PATHS, Gateway
from tests.support.tokens import TOKENS, bearer, sign

from .conftest import heard_on_one_server, stock_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from stack.valkey import Valkey

    from .conftest import StockTask

pytestmark = [
    pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning"),
    heard_on_one_server,
]


@pytest.fixture(scope="module", params=PATHS)
def guarded(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Gateway]:
    with stock_gateway(valkey, request.param, **TOKENS) as served:
        yield served


@pytest.fixture
def http(guarded: Gateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=guarded.http, timeout=60) as client:
        yield client


def test_what_the_gateway_sends_is_known_and_its_owners(
    guarded: Gateway, http: httpx.Client, app: Celery
) -> None:
    ada, bob = (bearer(sign(owner=name, scope="send read cancel")) for name in ("user-1", "user-2"))
    key = {"Idempotency-Key": guarded.http}
    sent = [http.post("/reports", json={"user_id": 1}, headers=ada | key) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [202, 202]
    task_id, again = (answer.json()["task_id"] for answer in sent)
    assert task_id == again
    snapshot = http.get(f"/tasks/{task_id}", headers=ada).json()
    assert (snapshot["state"], snapshot["name"], snapshot["source"]) == (
        "PENDING",
        "reports.generate",
        "celery",
    )
    assert "known" not in snapshot
    assert http.get(f"/tasks/{task_id}", headers=bearer(sent[0].json()["token"])).status_code == 200
    assert http.get(f"/tasks/{task_id}", headers=bob).json()["code"] == "unknown_task"
    with EventStream(guarded, task_id, headers=ada) as stream:
        first = json.loads(stream.body())
        app.backend.store_result(task_id, {"done": 1}, "SUCCESS")
        second = json.loads(stream.body())
    assert (first, second["result"]) == ({**first, "id": snapshot["id"]}, {"done": 1})
    assert http.get(f"/tasks/{task_id}", headers=bob).json()["code"] == "unknown_task"


def test_a_token_reads_the_tasks_that_it_names_and_no_other(http: httpx.Client, task: StockTask) -> None:
    named, other = bearer(sign(tasks=[task.id])), bearer(sign(tasks=["another"]))
    assert http.get(f"/tasks/{task.id}", headers=named).json()["known"] is False
    assert http.get(f"/tasks/{task.id}", headers=other).status_code == 404
    task.store("SUCCESS", "secret")
    assert http.get(f"/tasks/{task.id}", headers=named).json()["result"] == "secret"
    assert http.get(f"/tasks/{task.id}", headers=other).status_code == 404
    assert http.get(f"/tasks/{task.id}").status_code == 401


@pytest.mark.usefixtures("working")
def test_workers_are_told_of_a_cancellation_and_tell_what_became_of_it(
    guarded: Gateway, http: httpx.Client, app: Celery, task: StockTask
) -> None:
    ada = bearer(sign(tasks=[task.id], scope="read cancel terminate"))
    with EventStream(guarded, task.id, headers=ada) as stream:
        assert json.loads(stream.body())["known"] is False  # from now on it is heard
        app.send_task("jobs.digest", [10_000_000], task_id=task.id)
        assert [json.loads(stream.body())["state"] for _ in range(2)] == ["STARTED", "PROGRESS"]
        cancel = f"/tasks/{task.id}/cancel"
        assert http.post(cancel, headers=ada).json() == {"task_id": task.id, "cancel": "requested"}
        # Celery does not stop what runs.
        assert json.loads(stream.body())["state"] == "PROGRESS"
        ended = http.post(cancel, params={"terminate": "true"}, headers=ada).json()["cancel"]
        assert ended == "terminating"
        while (event := json.loads(stream.body()))["state"] == "PROGRESS":
            pass
    assert (event["state"], event["error"]["code"]) == ("REVOKED", "revoked")
    assert http.post(cancel, headers=ada).json()["code"] == "too_late"


def test_no_key_is_made_of_ids_that_somebody_tries(http: httpx.Client, task: StockTask) -> None:
    ids = [f"{task.id}-{number}" for number in range(20)]
    reader = bearer(sign(tasks=ids, scope="read cancel"))
    assert {http.get(f"/tasks/{each}", headers=reader).status_code for each in ids} == {200}
    assert http.get(f"/tasks/{ids[0]}/tree", headers=reader).status_code == 404
    assert not task.names()
    assert not any(task.client.exists(task_keys(each).head) for each in ids)
