"""`taskbeam doctor`, on real servers and a real worker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from stack.ports import free_port
from tests.support.worker import worker

from .running import run

if TYPE_CHECKING:
    from stack.valkey import Valkey


def test_of_a_service_that_runs(valkey: Valkey) -> None:
    broker, backend = valkey.url(6), f"taskbeam+{valkey.url(7)}"
    with worker(broker, backend, pool="solo"):
        done = run(
            "doctor", "--json", broker_url=broker, result_backend=backend, auth="open", max_connections="50"
        )
    found = {(finding["subject"], finding["level"]) for finding in json.loads(done.stdout)}
    assert {
        ("Redis", "ok"),
        ("Eviction", "ok"),
        ("Broker", "ok"),
        ("Worker", "ok"),
        ("Open files", "ok"),
    } <= found
    assert ("Tokens", "warning") in found
    assert done.returncode == 0


def test_of_a_service_that_is_away() -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    done = run("doctor", broker_url=url, result_backend=f"taskbeam+{url}")
    assert done.returncode == 1
    assert "PROBLEM  Redis: it cannot be asked" in done.stdout
    assert "PROBLEM  Broker: The broker" in done.stdout
    assert "PROBLEM  Tokens:" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_of_a_backend_that_is_not_ours(valkey: Valkey) -> None:
    done = run("doctor", broker_url=valkey.url(6), result_backend=valkey.url(7), auth="open")
    assert done.returncode == 1
    assert "Write taskbeam+ in front of it" in done.stdout
