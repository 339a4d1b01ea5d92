"""The addresses by which a task is found in logs and among traces: nothing in them but what the task is."""

from __future__ import annotations

from typing import Any

import pytest

from taskbeam.gateway import GatewaySettings
from taskbeam.gateway.dashboard.links import checked, filled

ROW: dict[str, Any] = {
    "id": "a/b?c",
    "name": "reports.generate",
    "sent": 1000.5,
    "ended": 1002.0,
    "ref": "4b332a9b",
    "trace": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}


def test_what_is_known_of_a_task_is_put_in() -> None:
    template = "https://logs.example.org/search?q={ref}%20{task_id}&from={from}&to={to}"
    expected = "https://logs.example.org/search?q=4b332a9b%20a%2Fb%3Fc&from=940500&to=1062000"
    assert filled(template, ROW, 9999.0) == expected
    assert filled("http://t/{trace}", ROW, 0) == "http://t/4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_task_that_goes_on_is_looked_for_until_now() -> None:
    assert filled("http://l/{to}", ROW | {"ended": None}, 2000.0) == "http://l/2060000"


@pytest.mark.parametrize("name", ["ref", "trace", "worker"])
def test_a_task_of_which_that_is_not_known_has_no_link(name: str) -> None:
    assert filled(f"http://l/{{{name}}}", {"id": "a", "name": "n", "sent": 1.0}, 2.0) is None


@pytest.mark.parametrize(
    "template",
    [
        "javascript:alert({ref})",
        "logs.example.org/{ref}",
        "https:///{ref}",
        "https://{name}.example.org/",
        "https://l/{secret}",
        "https://l/{",
        "https://l/}",
        "https://l/{{ref}}",
    ],
)
def test_what_is_no_address_is_refused_at_once(template: str) -> None:
    with pytest.raises(ValueError, match=r"it has to begin|unknown placeholder"):
        checked(template)
    with pytest.raises(ValueError, match="dashboard_log_url"):
        GatewaySettings(dashboard_log_url=template)
