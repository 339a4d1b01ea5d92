"""The gateway loads with its own extra; what others bring is loaded where a setting asks for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support.gateway import ROOT

#: Modules that only the other extras bring.
OTHERS = (
    "httpcore",
    "httpx",
    "standardwebhooks",
    "prometheus_client",
    "rich",
    "fakeredis",
    "sqlalchemy",
    "psycopg",
)

#: Makes a gateway where those modules are missing, and prints what it is told.
MAKE = """
import json, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in json.loads(sys.argv[1]):
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Missing())
from celery import Celery
from taskbeam.gateway import CeleryConfigurationError, Gateway, GatewaySettings

app = Celery("shop", broker="memory://", backend="taskbeam+redis://localhost:1/1")
try:
    Gateway(app, settings=GatewaySettings(auth="open", **json.loads(sys.argv[2])))
except CeleryConfigurationError as error:
    print(error)
"""


def made(**settings: object) -> str:
    argv = [sys.executable, "-c", MAKE, json.dumps(OTHERS), json.dumps(settings)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_gateway_needs_no_other_extra() -> None:
    assert made() == ""


@pytest.mark.parametrize("settings", [{"webhooks": []}])
def test_who_asks_for_more_is_told_what_to_install(settings: dict[str, object]) -> None:
    assert 'pip install "taskbeam[notify,push]"' in made(**settings)
