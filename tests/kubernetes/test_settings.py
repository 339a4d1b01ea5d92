"""What the chart says to our processes is what they know: options, variables, paths, times and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from taskbeam.celery.signals import STOP_WAIT
from taskbeam.cli import main
from taskbeam.gateway.metrics.table import METRICS, Kind
from taskbeam.gateway.settings import GatewaySettings, ServerSettings
from tests.support.helm import CHART, Helm
from tests.test_compose import variables
from worker.celery_app import create_celery
from worker.settings import WorkerSettings

from .cases import CASES, EVERYTHING, LEAST, SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

GATEWAY = "Deployment/live-taskbeam"


def containers(helm: Helm, values: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each with its pod."""
    for resource in helm.resources(values).values():
        if resource["kind"] == "Deployment":
            pod = resource["spec"]["template"]["spec"]
            for container in pod["containers"]:
                yield pod, container


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container.get("env", [])}


def secrets(container: dict[str, Any]) -> list[str]:
    return [each["secretRef"]["name"] for each in container.get("envFrom", [])]


@pytest.mark.parametrize("case", CASES)
def test_the_command_line_takes_each_command(helm: Helm, case: str) -> None:
    for _, container in containers(helm, CASES[case]):
        program, *words = container["command"]
        if program == "taskbeam":
            command = main.get_command(main.make_context("taskbeam", [], resilient_parsing=True), words[0])
            assert command is not None
            command.make_context(words[0], words[1:])


@pytest.mark.parametrize("case", CASES)
def test_each_variable_is_a_setting(helm: Helm, case: str) -> None:
    known = variables("taskbeam.gateway.settings") | variables("app.settings")
    for _, container in containers(helm, CASES[case]):
        assert set(environment(container)) <= known | {"FORWARDED_ALLOW_IPS", "SHOP"}


def test_the_defaults_are_the_settings_own() -> None:
    gateway = yaml.safe_load((CHART / "values.yaml").read_text())["gateway"]
    assert gateway["shutdownTimeout"] == ServerSettings.model_fields["shutdown_timeout"].default
    assert gateway["maxConnections"] == GatewaySettings.model_fields["max_connections"].default


@pytest.mark.parametrize(("pre_stop", "drain", "shutdown"), [(5, 5, 10), (20, 30, 60)])
def test_a_gateway_has_time_to_send_its_clients_away(
    helm: Helm, pre_stop: int, drain: int, shutdown: int
) -> None:
    values = LEAST | {
        "gateway": {"preStopSeconds": pre_stop, "drainSeconds": drain, "shutdownTimeout": shutdown}
    }
    [(pod, container)] = containers(helm, values)
    assert container["lifecycle"]["preStop"] == {"sleep": {"seconds": pre_stop}}
    assert environment(container)["TASKBEAM_DRAIN"] == str(drain)
    assert environment(container)["TASKBEAM_SHUTDOWN_TIMEOUT"] == str(shutdown)
    assert pod["terminationGracePeriodSeconds"] >= pre_stop + drain + shutdown + 2


def test_a_worker_has_time_to_finish_its_tasks(helm: Helm) -> None:
    graces = {
        container["command"][container["command"].index("-Q") + 1]: pod["terminationGracePeriodSeconds"]
        for pod, container in containers(helm, EVERYTHING)
        if "-Q" in container["command"]
    }
    assert graces["e.mails"] > 600 + STOP_WAIT
    assert graces["reports"] > 60 + STOP_WAIT
    longest = yaml.safe_load((CHART / "values.yaml").read_text())["workers"]["defaults"]["longestTask"]
    assert longest >= create_celery(WorkerSettings()).conf.task_time_limit


def test_probes_ask_where_the_gateway_is(helm: Helm) -> None:
    for path in ("", "/live"):
        [(_, container)] = containers(helm, LEAST | {"gateway": {"mountedAt": path}})
        [port] = [each["name"] for each in container["ports"] if each["containerPort"] == 8000]
        assert environment(container)["TASKBEAM_PORT"] == "8000"
        asked = {name: container[name]["httpGet"] for name in container if name.endswith("Probe")}
        assert asked == {
            "readinessProbe": {"path": f"{path}/readyz", "port": port},
            "livenessProbe": {"path": f"{path}/healthz", "port": port},
            "startupProbe": {"path": f"{path}/healthz", "port": port},
        }
    redis_timeout = GatewaySettings.model_fields["redis_timeout"].default
    assert container["readinessProbe"]["timeoutSeconds"] > redis_timeout


def test_it_scales_by_a_metric_that_gateways_have(helm: Helm) -> None:
    resources = helm.resources(EVERYTHING)
    scaler = resources["HorizontalPodAutoscaler/live-taskbeam"]["spec"]
    [metric] = scaler["metrics"]
    gauges = {each.name for each in METRICS if each.kind is Kind.GAUGE}
    assert metric["pods"]["metric"]["name"] in gauges
    assert scaler["scaleTargetRef"]["name"] == resources[GATEWAY]["metadata"]["name"]
    # Else each upgrade would set the number back.
    assert "replicas" not in resources[GATEWAY]["spec"]
    assert "replicas" in helm.resources(LEAST)[GATEWAY]["spec"]


def test_prometheus_finds_the_metrics_by_the_name_that_the_alerts_know(helm: Helm) -> None:
    resources = helm.resources(EVERYTHING)
    monitor = resources["ServiceMonitor/live-taskbeam"]
    service = resources["Service/live-taskbeam-metrics"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "taskbeam"
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    [endpoint], [port] = monitor["spec"]["endpoints"], service["spec"]["ports"]
    assert (endpoint["port"], endpoint["path"]) == (port["name"], "/metrics")
    [container] = resources[GATEWAY]["spec"]["template"]["spec"]["containers"]
    assert {"name": port["targetPort"], "containerPort": 9100} in container["ports"]
    assert environment(container)["TASKBEAM_METRICS_PORT"] == "9100"
    # The Service for clients does not lead there.
    assert [each["targetPort"] for each in resources["Service/live-taskbeam"]["spec"]["ports"]] == ["http"]


def test_secrets_are_named_and_each_process_gets_its_own(helm: Helm) -> None:
    given = {container["name"]: secrets(container) for _, container in containers(helm, EVERYTHING)}
    assert given == {
        "gateway": ["shop", "shop-keys"],
        "notify": ["shop", "shop-keys"],
        "watchdog": ["shop"],
        "worker": ["shop", "shop-workers"],
    }


def test_only_one_of_them_sends_notifications(helm: Helm) -> None:
    for asked, said in ((False, None), (True, "0")):
        found = {
            c["name"]: environment(c) for _, c in containers(helm, LEAST | {"notify": {"enabled": asked}})
        }
        assert found["gateway"].get("TASKBEAM_SEND_NOTIFICATIONS") == said
        assert ("notify" in found) is asked


def test_every_queue_of_the_service_has_a_worker(helm: Helm) -> None:
    commands = [container["command"] for _, container in containers(helm, SERVICE)]
    served = [command[command.index("-Q") + 1] for command in commands if "-Q" in command]
    assert sorted(served) == sorted(queue.name for queue in create_celery(WorkerSettings()).conf.task_queues)


def test_the_services_own_commands_are_modules_with_an_entry_point(helm: Helm) -> None:
    for _, container in containers(helm, SERVICE):
        python, option, module, *_ = container["command"]
        assert (python, option) == ("python", "-m")
        assert (CHART.parents[2] / module / "__main__.py").is_file()
