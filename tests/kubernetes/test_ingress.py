"""The Ingress tells a proxy what docs/proxies.md does, and the gateway what it must know about the proxy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.settings import GatewaySettings

from .cases import EVERYTHING, LEAST
from .test_settings import GATEWAY, environment

if TYPE_CHECKING:
    from tests.support.helm import Helm

NGINX = "nginx.ingress.kubernetes.io"


def ingress(helm: Helm, **values: Any) -> dict[str, Any]:
    given = LEAST | {
        "gateway": {"trustedProxies": ["10.0.0.0/8"]},
        "ingress": {"enabled": True, "host": "live.example"} | values,
    }
    return helm.resources(given)["Ingress/live-taskbeam"]


def test_silent_streams_outlive_the_heartbeat(helm: Helm) -> None:
    annotations = ingress(helm)["metadata"]["annotations"]
    heartbeat = GatewaySettings.model_fields["heartbeat"].default
    assert int(annotations[f"{NGINX}/proxy-read-timeout"]) > 2 * heartbeat


def test_a_prefix_is_taken_away_and_told(helm: Helm) -> None:
    found = ingress(helm, path="/live")
    [path] = found["spec"]["rules"][0]["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/live(/|$)(.*)", "ImplementationSpecific")
    annotations = found["metadata"]["annotations"]
    assert annotations[f"{NGINX}/rewrite-target"] == "/$2"
    assert annotations[f"{NGINX}/x-forwarded-prefix"] == "/live"


def test_another_controller_gets_nothing_of_nginx(helm: Helm) -> None:
    found = ingress(helm, controller="other", annotations={"shop.example/timeout": "60"})
    assert found["metadata"]["annotations"] == {"shop.example/timeout": "60"}
    [path] = found["spec"]["rules"][0]["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/", "Prefix")


def test_ones_own_annotations_win(helm: Helm) -> None:
    name = f"{NGINX}/proxy-read-timeout"
    annotations = ingress(helm, annotations={name: "90"})["metadata"]["annotations"]
    assert annotations[name] == "90"
    assert annotations[f"{NGINX}/proxy-send-timeout"] == "60"


def test_it_leads_to_the_service(helm: Helm) -> None:
    resources = helm.resources(EVERYTHING)
    [rule] = resources["Ingress/live-taskbeam"]["spec"]["rules"]
    [path] = rule["http"]["paths"]
    service = resources[f"Service/{path['backend']['service']['name']}"]
    assert path["backend"]["service"]["port"]["name"] in [each["name"] for each in service["spec"]["ports"]]
    assert resources["Ingress/live-taskbeam"]["spec"]["tls"] == [
        {"hosts": ["live.example"], "secretName": "live-tls"}
    ]


def test_the_gateway_knows_its_proxies_and_its_hosts(helm: Helm) -> None:
    [container] = helm.resources(EVERYTHING)[GATEWAY]["spec"]["template"]["spec"]["containers"]
    told = environment(container)
    assert told["FORWARDED_ALLOW_IPS"] == "10.0.0.0/8"
    hosts = json.loads(told["TASKBEAM_ALLOWED_HOSTS"])
    assert hosts == [
        *("live.example", "live-taskbeam", "live-taskbeam.shop", "live-taskbeam.shop.svc"),
        *("live-taskbeam.shop.svc.cluster.local", "shop.example"),
    ]
    assert GatewaySettings(allowed_hosts=hosts).allowed_hosts
