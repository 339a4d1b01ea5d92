"""A mistake in the values is told by its place, before anything is installed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.helm import CHART, ChartError

from .cases import LEAST

if TYPE_CHECKING:
    from tests.support.helm import Helm

INGRESS = {"enabled": True, "host": "live.example"}

MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no image": ({"image": {}}, "image.repository: name the image"),
    "no tag": ({"image": {"repository": "shop"}}, "image.tag: name the version"),
    "a name that is not there": (
        {"gateway": {"replica": 3}},
        "at '/gateway': additional properties 'replica'",
    ),
    "of a queue": (
        {"workers": {"queues": {"reports": {"concurency": 3}}}},
        "at '/workers/queues/reports': additional properties 'concurency'",
    ),
    "a number for a variable": ({"env": {"SHOP": 1}}, "at '/env/SHOP': got number, want string"),
    "a secret as a variable": (
        {"gateway": {"env": {"TASKBEAM_TOKEN_KEYS": "{}"}}},
        "env.TASKBEAM_TOKEN_KEYS is a secret: put it in a Secret",
    ),
    "a secret instead of its name": (
        {"secrets": ["redis://:pass@redis/0"]},
        "at '/secrets/0': 'redis://:pass@redis/0' does not match",
    ),
    "workers of no application": (
        {"workers": {"queues": {"reports": {}}}},
        "celeryApp: name the Celery application",
    ),
    "a queue that can name no Deployment": (
        {"workers": {"queues": {"E.Mails": {}}}},
        "invalid propertyName 'E.Mails'",
    ),
    "no host": ({"ingress": {"enabled": True}}, "ingress.host: name the host"),
    "proxies unknown": ({"ingress": INGRESS}, "gateway.trustedProxies: name the networks"),
    "a prefix that nobody takes away": (
        {
            "gateway": {"trustedProxies": ["10.0.0.0/8"]},
            "ingress": INGRESS | {"controller": "other", "path": "/live"},
        },
        "ingress.path: only with the controller nginx",
    ),
    "a controller that nobody knows": (
        {"ingress": INGRESS | {"controller": "ngnix"}},
        "at '/ingress/controller': value must be one of 'nginx', 'other'",
    ),
    "scaling by what is not measured": (
        {"autoscaling": {"enabled": True}, "metrics": {"enabled": False}},
        "metrics.enabled must be true",
    ),
    "scaling when it is too late": (
        {"autoscaling": {"enabled": True, "connections": 20000}},
        "autoscaling.connections must be below gateway.maxConnections",
    ),
    "scaling down to more": (
        {"autoscaling": {"enabled": True, "minReplicas": 4, "maxReplicas": 3}},
        "autoscaling.minReplicas is above",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_it_is_told(helm: Helm, mistake: str) -> None:
    values, said = MISTAKES[mistake]
    with pytest.raises(ChartError, match=re.escape(said)):
        helm.texts(LEAST | values)


def paths(values: object, at: str = "") -> set[str]:
    if not isinstance(values, dict) or not values:
        return {at}
    return {path for name, value in values.items() for path in paths(value, f"{at}/{name}")}


def test_each_value_that_the_schema_knows_has_a_default() -> None:
    """So values.yaml is the list of all that can be said."""
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def known(part: dict[str, Any], at: str = "") -> set[str]:
        if "$ref" in part:
            part = schema["definitions"][part["$ref"].rpartition("/")[2]]
        found = [known(each, f"{at}/{name}") for name, each in part.get("properties", {}).items()]
        return set().union(*found) if found else {at}

    # What is Kubernetes' own has members that the schema leaves to it.
    said = {re.sub(r"(/podSecurityContext|/resources)/.*", r"\1", path) for path in paths(values)}
    assert said == known(schema) - {"/global"}  # which is Helm's own
