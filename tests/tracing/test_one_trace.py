"""One trace from the request that sends a task, through a real worker, to the delivery of its end."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from opentelemetry.propagate import inject
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from websockets.sync.client import connect

from stack.ports import kept_port
from stack.process import ManagedProcess
from stack.readiness import UrlAnswers
from stack.valkey import Valkey
from taskbeam.gateway.auth.operators import DASHBOARD
from tests.support.gateway import PATHS, ROOT
from tests.support.results import client_of, control, names, results_at
from tests.support.waiting import START_TIMEOUT, wait_until
from tests.support.worker import worker
from tests.tracing.spans import spans_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Traced:
    """A service whose spans, and whose worker's, are lines of a file."""

    http: str
    spans: Path
    redis: Valkey


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.fixture(scope="module")
def environment(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    spans = tmp_path_factory.mktemp("spans") / "spans"
    spans.touch()
    backend = "taskbeam+" + results_at(valkey.url(1))
    return {"SPANS": str(spans), "JOBS_BROKER": valkey.url(0), "JOBS_BACKEND": backend}


@pytest.fixture(scope="module", autouse=True)
def _traced_worker(environment: dict[str, str]) -> Iterator[None]:
    broker, backend = environment["JOBS_BROKER"], environment["JOBS_BACKEND"]
    with worker(broker, backend, app="tests.tracing.jobs", concurrency=1, env=environment):
        yield


@pytest.fixture(scope="module", params=PATHS)
def traced(request: pytest.FixtureRequest, valkey: Valkey, environment: dict[str, str]) -> Iterator[Traced]:
    settings = {
        "TASKBEAM_AUTH": "open",
        "TASKBEAM_DASHBOARD": "1",
        "TASKBEAM_DETACH": "1" if request.param == "detached" else "0",
    }
    argv = [sys.executable, "-m", "taskbeam", "serve", "--app", "tests.tracing.service:app", "--factory"]
    with (
        kept_port() as port,
        ManagedProcess(
            "gateway", argv, env=environment | settings | {"TASKBEAM_PORT": str(port)}, cwd=ROOT
        ) as process,
    ):
        http = f"http://127.0.0.1:{port}"
        process.wait_until(UrlAnswers(f"{http}/readyz"), START_TIMEOUT)
        yield Traced(http, Path(environment["SPANS"]), valkey)


def by_stream(http: str, task_id: str, headers: dict[str, str]) -> None:
    asked = {"Accept": "text/event-stream", **headers}
    with httpx.stream("GET", f"{http}/tasks/{task_id}/events", headers=asked, timeout=60) as answer:
        answer.raise_for_status()
        assert '"final":true' in "".join(answer.iter_text())


def by_socket(http: str, task_id: str, headers: dict[str, str]) -> None:
    address = f"{http.replace('http', 'ws')}/tasks/{task_id}/ws"
    with connect(address, additional_headers=headers, proxy=None) as socket:
        assert any(json.loads(message)["final"] for message in socket)


def by_shared_socket(http: str, task_id: str, headers: dict[str, str]) -> None:
    with connect(f"{http.replace('http', 'ws')}/ws", additional_headers=headers, proxy=None) as socket:
        socket.send(json.dumps({"op": "subscribe", "task_id": task_id}))
        assert any(json.loads(message).get("final") for message in socket)


WAYS: dict[str, Callable[[str, str, dict[str, str]], None]] = {
    "an event stream": by_stream,
    "a WebSocket": by_socket,
    "a WebSocket for many": by_shared_socket,
}

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))


@contextmanager
def requesting(what: str) -> Iterator[dict[str, str]]:
    """The headers of a request that is made in a span of the client's own."""
    with provider.get_tracer("client").start_as_current_span(what):
        headers: dict[str, str] = {}
        inject(headers)
        yield headers


def trace_of(headers: dict[str, str]) -> str:
    return headers["traceparent"].split("-")[1]


def spans_of(traced: Traced, headers: dict[str, str], most: int) -> list[dict[str, Any]]:
    """Those of the request's trace, once there are so many; ours is the first."""
    trace = trace_of(headers)
    wait_until(lambda: len(spans_in(traced.spans, trace)) >= most, lambda: traced.spans.read_text())
    own = [
        json.loads(span.to_json()) | {"service": "client"}
        for span in exporter.get_finished_spans()
        if span.context.trace_id == int(trace, 16)
    ]
    return own + spans_in(traced.spans, trace)


def parent_of(span: dict[str, Any], spans: list[dict[str, Any]]) -> dict[str, Any]:
    (parent,) = [each for each in spans if each["context"]["span_id"] == span["parent_id"]]
    return parent


@pytest.mark.parametrize("way", WAYS)
def test_a_trace_goes_from_the_request_to_the_delivered_end(traced: Traced, way: str) -> None:
    with requesting("send") as sent:
        task_id = httpx.post(f"{traced.http}/sums/traced.add", headers=sent).json()["task_id"]
    with requesting("follow") as followed:
        WAYS[way](traced.http, task_id, followed)
    spans = spans_of(traced, sent, 3)
    (delivery,) = [span for span in spans if span["name"] == "deliver/traced.add"]
    run = parent_of(delivery, spans)
    assert (run["service"], run["name"]) == ("worker", "run/traced.add")
    post = parent_of(run, spans)
    assert (post["service"], post["name"]) == ("gateway", "POST /sums/{name}")
    assert parent_of(post, spans)["name"] == "send"
    assert delivery["attributes"]["messaging.message.id"] == task_id
    assert delivery["attributes"]["celery.state"] == "SUCCESS"
    assert delivery["attributes"]["taskbeam.followers"] == 1
    assert [link["context"]["trace_id"] for link in delivery["links"]] == [f"0x{trace_of(followed)}"]
    assert not [span for span in spans if "PROGRESS" in json.dumps(span)], "an event has a span"


def test_a_failure_is_delivered_in_its_trace(traced: Traced) -> None:
    with requesting("send") as sent:
        task_id = httpx.post(f"{traced.http}/sums/traced.broken", headers=sent).json()["task_id"]
    by_stream(traced.http, task_id, {})
    spans = spans_of(traced, sent, 3)
    (delivery,) = [span for span in spans if span["name"] == "deliver/traced.broken"]
    assert parent_of(delivery, spans)["name"] == "run/traced.broken"
    assert delivery["attributes"]["celery.state"] == "FAILURE"


def test_who_comes_back_after_the_end_makes_no_span(traced: Traced) -> None:
    with requesting("send") as sent:
        task_id = httpx.post(f"{traced.http}/sums/traced.add", headers=sent).json()["task_id"]
    by_stream(traced.http, task_id, {})
    before = len(spans_of(traced, sent, 3))
    events = httpx.get(f"{traced.http}/tasks/{task_id}/events?limit=100").json()
    again = {"Accept": "text/event-stream", "Last-Event-ID": events["last_event_id"]}
    assert httpx.get(f"{traced.http}/tasks/{task_id}/events", headers=again).status_code == 204
    with requesting("send") as other:
        by_stream(
            traced.http, httpx.post(f"{traced.http}/sums/traced.add", headers=other).json()["task_id"], {}
        )
    spans_of(traced, other, 3)
    assert len(spans_of(traced, sent, 3)) == before


def _begun(results: Any) -> int:
    """How often a gateway has begun to publish the dashboard."""
    return sum(b'"fresh":true' in tick for tick in results.lrange(names(DASHBOARD).log, 0, -1))


def test_only_operators_are_told_the_trace(traced: Traced) -> None:
    with client_of(traced.redis.url(1)) as results:
        before = _begun(results)
        # The gateway before this one may hold the lease for some seconds after its end.
        results.delete(control().dashboard)
        wait_until(lambda: _begun(results) > before)
    with requesting("send") as sent:
        task_id = httpx.post(f"{traced.http}/sums/traced.add", headers=sent).json()["task_id"]
    by_stream(traced.http, task_id, {})
    for path in ("", "/events", "/events?limit=100"):
        answer = httpx.get(f"{traced.http}/tasks/{task_id}{path}")
        assert answer.status_code == 200
        assert trace_of(sent) not in answer.text + str(answer.headers)

    def told() -> list[str]:
        page = httpx.get(f"{traced.http}/dashboard/tasks", params={"q": task_id}).json()
        return [task["trace"] for task in page["tasks"] if "ended" in task]

    wait_until(lambda: bool(told()))
    assert [trace.split("-")[1] for trace in told()] == [trace_of(sent)]
