"""Values of the chart: as few as possible, everything at once, and those of this repository's service."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.support.helm import ROOT

LEAST: dict[str, Any] = {"image": {"repository": "registry.example/shop", "tag": "7"}}

EVERYTHING: dict[str, Any] = {
    "image": LEAST["image"] | {"pullSecrets": ["registry"]},
    "celeryApp": "shop.tasks:celery",
    "env": {"SHOP": "1"},
    "secrets": ["shop"],
    "serviceAccountName": "shop",
    "files": {"claim": "files"},
    "gateway": {
        "secrets": ["shop-keys"],
        "trustedProxies": ["10.0.0.0/8"],
        "allowedHosts": ["shop.example"],
        "podAnnotations": {"shop.example/team": "live"},
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "live", "operator": "Exists"}],
    },
    "autoscaling": {"enabled": True},
    "service": {"annotations": {"shop.example/team": "live"}},
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "host": "live.example",
        "path": "/live",
        "tlsSecret": "live-tls",
    },
    "workers": {
        "secrets": ["shop-workers"],
        "podAnnotations": {"shop.example/team": "live"},
        "queues": {
            "reports": {},
            "mails": {"queue": "e.mails", "replicas": 3, "longestTask": 600, "extraArgs": ["--pool=threads"]},
        },
    },
    "notify": {"enabled": True},
    "watchdog": {"enabled": True},
    "metrics": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
    "networkPolicy": {
        "enabled": True,
        "clients": [{"namespaceSelector": {}}],
        "prometheus": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
    },
}

SERVICE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/helm/service.yaml").read_text())


def _of_the_page() -> dict[str, Any]:
    page = (ROOT / "docs/deploying.md").read_text()
    [text] = re.findall(r"^`shop\.yaml`:\n\n```yaml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    values: dict[str, Any] = yaml.safe_load(text)
    return values


CASES = {
    "least": LEAST,
    "everything": EVERYTHING,
    "service": SERVICE,
    "the page's": _of_the_page(),
    "an application of one's own": LEAST
    | {"gateway": {"app": "shop.main:create_app", "factory": True, "mountedAt": "/live"}},
    "workers alone": LEAST
    | {
        "celeryApp": "shop.tasks",
        "gateway": {"enabled": False},
        "watchdog": {"enabled": True},
        "networkPolicy": {"enabled": True},
        "workers": {"queues": {"reports": {}}},
    },
    "another ingress": LEAST
    | {
        "gateway": {"trustedProxies": ["10.0.0.0/8"]},
        "ingress": {"enabled": True, "controller": "other", "host": "live.example"},
    },
}
