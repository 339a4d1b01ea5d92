"""Prometheus accepts our metrics, alerts and configuration; the dashboard asks for what is there."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from stack.ports import kept_port
from stack.process import ManagedProcess
from taskbeam.gateway.metrics.table import METRICS, Kind
from tests.support.gateway import ROOT, gateway
from tests.support.prometheus import FILES, FOUND, promtool
from tests.support.waiting import START_TIMEOUT, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack.valkey import Valkey

pytestmark = pytest.mark.skipif(not FOUND, reason="needs Debian's package prometheus")

#: Of a process, by the library.
OF_PROCESSES = {"process_cpu_seconds_total", "process_resident_memory_bytes"}


def expressions() -> list[str]:
    dashboard: dict[str, Any] = json.loads((FILES / "grafana/taskbeam.json").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [each.replace("$__rate_interval", "1m") for each in found]


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FILES / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def known() -> set[str]:
    """Each series that our table, and the process, have."""
    names = {metric.name for metric in METRICS if metric.kind is not Kind.HISTOGRAM}
    buckets = {f"{metric.name}_bucket" for metric in METRICS if metric.kind is Kind.HISTOGRAM}
    return names | buckets | OF_PROCESSES


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with kept_port() as port:
        yield port


@pytest.fixture(scope="module")
def page(valkey: Valkey, port: int) -> Iterator[str]:
    """That of a gateway that runs until the module ends."""
    with gateway(valkey.url().removesuffix("/0"), metrics_port=port):
        yield httpx.get(f"http://127.0.0.1:{port}/metrics").raise_for_status().text


def test_promtool_accepts_the_page(page: str, tmp_path: Path) -> None:
    assert promtool("check", "metrics", directory=tmp_path, given=page) == ""


def test_promtool_accepts_configuration_and_alerts(tmp_path: Path) -> None:
    promtool("check", "config", "prometheus.yml", directory=FILES)
    for file in (FILES / "alerts.yml", ROOT / "tests/monitoring/alerts_test.yml"):
        shutil.copy(file, tmp_path)
    promtool("test", "rules", "alerts_test.yml", directory=tmp_path)


def test_each_expression_of_the_dashboard_is_one(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(expressions())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", "rules.yml", directory=tmp_path)


def test_dashboard_and_alerts_name_only_what_is_there_and_the_dashboard_shows_all_of_it() -> None:
    asked = [expressions(), [rule["expr"] for rule in alerts()]]
    names = [set(re.findall(r"\b(?:taskbeam|process)_\w+", " ".join(each))) for each in asked]
    assert names[0] == known()
    assert names[1] <= known()


def test_what_to_do_about_each_alert_is_said() -> None:
    page = (ROOT / "docs/operating.md").read_text().split("### Alerts\n")[1].split("\n### ")[0]
    assert re.findall(r"^\| `(\w+)`", page, re.MULTILINE) == [rule["alert"] for rule in alerts()]


@pytest.mark.usefixtures("page")
def test_prometheus_scrapes_a_gateway_by_the_same_configuration(port: int, tmp_path: Path) -> None:
    shutil.copy(FILES / "alerts.yml", tmp_path)
    text = (FILES / "prometheus.yml").read_text()
    assert "[gateway:9100, gateway-2:9100]" in text
    text = text.replace("[gateway:9100, gateway-2:9100]", f"['127.0.0.1:{port}']").replace("15s", "1s")
    (tmp_path / "prometheus.yml").write_text(text)
    with kept_port() as own:
        argv = [
            "prometheus",
            f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{own}",
        ]
        with ManagedProcess("prometheus", argv, cwd=tmp_path) as process:
            url = f"http://127.0.0.1:{own}/api/v1"

            def found(query: str) -> list[Any]:
                try:
                    answer = httpx.get(f"{url}/query", params={"query": query})
                except httpx.TransportError:
                    return []
                if answer.status_code != 200:  # it starts
                    return []
                result: list[Any] = answer.json()["data"]["result"]
                return result

            process.wait_until(lambda: bool(found("taskbeam_redis_up == 1")), START_TIMEOUT)
            wait_until(lambda: bool(found('up{job="taskbeam"} == 1')))
            for expression in expressions():
                answer = httpx.get(f"{url}/query", params={"query": expression}).json()
                assert answer["status"] == "success", expression
