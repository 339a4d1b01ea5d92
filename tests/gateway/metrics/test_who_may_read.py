"""/metrics is for operators, or at a port that only Prometheus reaches; and it says nothing of anybody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import ValidationError

from stack.ports import kept_port
from taskbeam.gateway import problems, settings
from taskbeam.gateway.auth.operators import METRICS
from taskbeam.gateway.metrics.table import METRICS as TABLE
from tests.gateway.test_problems import assert_problem
from tests.support.gateway import gateway
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import wait_until

from .page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with kept_port() as port:
        yield port


@pytest.fixture(scope="module")
def served(valkey: Valkey, port: int) -> Iterator[Gateway]:
    with gateway(valkey.url().removesuffix("/0"), metrics=1, metrics_port=port, **TOKENS) as running:
        yield running


def ask(served: Gateway, token: str | None) -> httpx.Response:
    return httpx.get(f"{served.http}/metrics", headers=bearer(token))


class TestBesideTheOtherRoutes:
    def test_a_stranger_gets_nothing(self, served: Gateway) -> None:
        assert_problem(ask(served, None), problems.UNAUTHENTICATED)

    @pytest.mark.parametrize("of", [{"owner": "ada"}, {"tasks": ["another"]}, {"groups": ["g"]}])
    def test_a_token_for_anything_else_is_not_enough(self, served: Gateway, of: dict[str, Any]) -> None:
        assert_problem(ask(served, sign(**of)), problems.FORBIDDEN)

    def test_a_token_that_names_it_is_good(self, served: Gateway) -> None:
        answer = ask(served, sign(tasks=[METRICS]))
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert answer.headers["cache-control"] == "no-store"

    def test_there_is_none_unless_it_is_asked_for(self, valkey: Valkey) -> None:
        with gateway(valkey.url().removesuffix("/0")) as without:
            assert_problem(httpx.get(f"{without.http}/metrics"), problems.NOT_FOUND)


@pytest.mark.usefixtures("served")
class TestAtItsOwnPort:
    def test_nobody_is_asked(self, port: int) -> None:
        page = Page.of(httpx.get(f"http://127.0.0.1:{port}/metrics").text)
        assert page["redis_up"] == 1

    def test_there_is_nothing_else(self, port: int) -> None:
        assert httpx.get(f"http://127.0.0.1:{port}/tasks/7").status_code == 404
        assert httpx.post(f"http://127.0.0.1:{port}/metrics").status_code == 405
        head = httpx.head(f"http://127.0.0.1:{port}/metrics")
        assert (head.status_code, head.content) == (200, b"")

    def test_no_task_owner_or_address_is_named(self, served: Gateway, port: int, journals: Journals) -> None:
        task = journals.task(labels={"owner": "ada-lovelace"})
        token = sign(owner="ada-lovelace", sub="countess")
        answer = httpx.get(f"{served.http}/tasks/{task.id}/events?limit=9", headers=bearer(token))
        assert len(answer.json()["events"]) == 1
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        for secret in (task.id, "ada-lovelace", "countess", "127.0.0.1", token):
            assert secret not in text

    def test_a_port_that_is_taken_is_said_and_costs_nothing_else(self, valkey: Valkey, port: int) -> None:
        # The module's gateway has the port.
        with gateway(valkey.url().removesuffix("/0"), metrics_port=port) as late:
            said = f"Cannot listen on 127.0.0.1 port {port} for /metrics"
            wait_until(lambda: said in late.process.output)
            assert httpx.get(f"{late.http}/readyz").status_code == 200


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda _: None)
    for wanted in ({"metrics": True}, {"metrics_port": 9100}):
        with pytest.raises(ValidationError, match=r"pip install 'taskbeam\[metrics\]'"):
            settings.GatewaySettings(**wanted)
    settings.GatewaySettings()


def test_each_metric_is_described_as_it_is() -> None:
    page = (ROOT / "docs/operating.md").read_text().split("### Metrics\n")[1].split("\n### ")[0]
    described = [line for line in page.splitlines() if line.startswith("| `")]
    assert described == [
        f"| `{metric.name}` | {metric.kind} | {f'`{metric.label}`' if metric.label else ''} | {metric.help} |"
        for metric in TABLE
    ]
