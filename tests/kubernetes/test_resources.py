"""What the chart renders is what Kubernetes takes, by the schemas of its own interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml

from taskbeam import __version__
from tests.support.helm import CHART, KUBERNETES, ChartError, Helm, lacking

from .cases import CASES, EVERYTHING, LEAST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: The Prometheus Operator's: Kubernetes itself has no schema of it.
ADDED_KINDS = {"ServiceMonitor"}


def validate(resource: dict[str, Any], version: str) -> None:
    """Raises where a field is missing, wrong or unknown."""
    kubernetes_validate.validate(resource, version, strict=True)


def pods(resources: Mapping[str, dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each Deployment, with what its pods are."""
    for each in resources.values():
        if each["kind"] == "Deployment":
            yield each, each["spec"]["template"]


def test_helm_is_here(record_property: Callable[[str, object], None]) -> None:
    if why := lacking():
        record_property("lacking", f"Helm: {why}, so the chart for Kubernetes was not tried")


@pytest.mark.parametrize("version", [KUBERNETES, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("case", CASES)
def test_kubernetes_takes_each_resource(helm: Helm, case: str, version: str) -> None:
    resources = helm.resources(CASES[case])
    for resource in resources.values():
        if resource["kind"] not in ADDED_KINDS:
            validate(resource, version)


def test_what_is_wrong_is_noticed(helm: Helm) -> None:
    """Else the test above would say nothing."""
    deployment = helm.resources(LEAST)["Deployment/live-taskbeam"]
    deployment["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="livenesProbe"):
        validate(deployment, KUBERNETES)


def test_everything_at_once_has_each_kind(helm: Helm) -> None:
    kinds = {each["kind"] for each in helm.resources(EVERYTHING).values()}
    assert kinds == {
        *("Deployment", "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy", "PodDisruptionBudget"),
        *("Service", "ServiceMonitor"),
    }
    assert not any(template.stem == "Secret" for template in (CHART / "templates").iterdir())


def test_it_is_for_the_kubernetes_that_it_was_tried_with(helm: Helm) -> None:
    helm.texts(LEAST, kubernetes=KUBERNETES)
    with pytest.raises(ChartError, match=r"Kubernetes >=1\.30"):
        helm.texts(LEAST, kubernetes="1.29")
    metadata = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert metadata["appVersion"] == __version__


@pytest.mark.parametrize("case", CASES)
def test_a_selector_finds_the_pods_of_one_deployment(helm: Helm, case: str) -> None:
    resources = helm.resources(CASES[case])
    labelled = {each["metadata"]["name"]: pod["metadata"]["labels"] for each, pod in pods(resources)}
    for deployment, _ in pods(resources):
        selector = deployment["spec"]["selector"]["matchLabels"].items()
        found = [name for name, labels in labelled.items() if selector <= labels.items()]
        assert found == [deployment["metadata"]["name"]]
    for service in (each for each in resources.values() if each["kind"] == "Service"):
        chosen = service["spec"]["selector"].items()
        assert [n for n, labels in labelled.items() if chosen <= labels.items()] == ["live-taskbeam"]


@pytest.mark.parametrize("case", CASES)
def test_no_process_is_root_or_writes_to_its_image(helm: Helm, case: str) -> None:
    for _, pod in pods(helm.resources(CASES[case])):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            volumes = {each["name"]: each for each in spec["volumes"]}
            mounted = {each["mountPath"]: volumes[each["name"]] for each in container["volumeMounts"]}
            assert mounted["/tmp"] == {"name": "tmp", "emptyDir": {}}
