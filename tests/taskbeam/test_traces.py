"""In which trace a task is: said in its message, kept in its journal's head."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from celery import chain
from opentelemetry.sdk.trace import TracerProvider

from taskbeam.tracing.current import current_span, current_traceparent, remote_span, trace_message, tracer_of
from taskbeam.tracing.traceparent import traceparent_in
from tests.support.results import client_of, names, results_at

from .apps import results_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis
    from celery import Celery

    from stack.valkey import Valkey

    from .journal import Journal

tracer = TracerProvider().get_tracer("tests")

SENT, RAN = f"00-{1:032x}-{2:016x}-01", f"00-{1:032x}-{3:016x}-01"


@pytest.fixture
def results(valkey: Valkey) -> Iterator[redis.Redis]:
    with client_of(valkey.url(9)) as client:
        yield client


@pytest.fixture
def app(valkey: Valkey) -> Celery:
    return results_app("taskbeam+" + results_at(valkey.url(9)), task_default_queue=str(uuid4()))


def trace_in(client: redis.Redis, task_id: str) -> str | None:
    trace: Any = client.hget(names(task_id).head, "trace")
    return None if trace is None else trace.decode()


class TestTheHead:
    def test_has_that_of_the_birth_until_the_run_has_ended(self, journal: Journal) -> None:
        journal.send(labels={"trace": SENT})
        journal.append("STARTED", "a", labels={"trace": RAN})
        journal.append("PROGRESS", "a", "progress", labels={"trace": RAN})
        assert trace_in(journal.client, journal.task_id) == SENT
        journal.append("SUCCESS", "a", labels={"trace": RAN})
        assert trace_in(journal.client, journal.task_id) == RAN

    def test_keeps_it_where_another_ends_the_task(self, journal: Journal) -> None:
        journal.send(labels={"trace": SENT})
        journal.append("STARTED", "a")
        journal.append("LOST", "a")
        assert trace_in(journal.client, journal.task_id) == SENT

    def test_keeps_it_when_a_new_run_begins_after_the_end(self, journal: Journal) -> None:
        journal.send(labels={"trace": SENT})
        journal.append("STARTED", "a")
        journal.append("FAILURE", "a")
        journal.append("STARTED", "b")
        assert trace_in(journal.client, journal.task_id) == SENT


class TestATaskThatIsSent:
    def test_is_in_the_trace_of_whoever_sends_it(self, app: Celery, results: redis.Redis) -> None:
        with tracer.start_as_current_span("request"):
            here = current_traceparent()
            sent = app.send_task("light")
        assert here is not None
        assert trace_in(results, sent.id) == here

    def test_is_in_the_trace_that_somebody_else_gave_it(self, app: Celery, results: redis.Redis) -> None:
        headers = {"traceparent": SENT}
        with tracer.start_as_current_span("request"):
            sent = app.send_task("light", headers=headers)
        assert trace_in(results, sent.id) == SENT

    def test_is_in_none_where_nobody_traces(self, app: Celery, results: redis.Redis) -> None:
        assert trace_in(results, app.send_task("light").id) is None

    def test_has_with_it_those_that_wait_for_it(self, app: Celery, results: redis.Redis) -> None:
        with tracer.start_as_current_span("request"):
            here = current_traceparent()
            last: Any = chain(app.signature("light"), app.signature("light"), app=app).apply_async()
        assert [trace_in(results, each.id) for each in (last.parent, last)] == [here, here]


class TestAMessage:
    def test_says_the_trace_as_the_applications_propagators_do(self) -> None:
        headers: dict[str, Any] = {"id": "7"}
        with tracer.start_as_current_span("request"):
            assert trace_message(headers) == headers["traceparent"] == current_traceparent()

    def test_is_left_alone_where_opentelemetry_is_not_loaded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with tracer.start_as_current_span("request"):
            monkeypatch.delitem(sys.modules, "opentelemetry.trace")
            headers: dict[str, Any] = {"id": "7"}
            assert trace_message(headers) is None
            assert headers == {"id": "7"}
            assert (current_span(), remote_span(SENT.encode()), tracer_of("tests")) == (None, None, None)
            assert "opentelemetry.trace" not in sys.modules

    def test_nobody_makes_spans_without_the_sdk(self) -> None:
        assert tracer_of("tests") is None


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (SENT, SENT),
        (f"cc{SENT[2:]}-of-the-future", SENT),
        (f"ff{SENT[2:]}", None),
        (f"00-{0:032x}-{2:016x}-01", None),
        (f"00-{1:032x}-{0:016x}-01", None),
        (SENT.replace("1", "A"), None),
        (f"{SENT}\n", None),
        (SENT.encode(), None),
        (None, None),
    ],
)
def test_a_traceparent_is_read_as_the_standard_says(header: object, known: str | None) -> None:
    assert traceparent_in(header) == known
