"""`taskbeam doctor`, on real servers and real workers."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import redis

from stack.valkey import Valkey
from tests.support import nobody
from tests.support.redis_cluster import one_server
from tests.support.worker import worker

from .running import run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

pytestmark = one_server("of a cluster the doctor asks and says other things: tests/cluster/test_doctor.py")

FEW = {"max_connections": "50"}


def said(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    findings: list[dict[str, Any]] = json.loads(done.stdout)
    return findings


def of(subject: str, done: subprocess.CompletedProcess[str]) -> tuple[str, str]:
    """The one finding about a subject: how bad, and what."""
    (finding,) = [each for each in said(done) if each["subject"] == subject]
    return finding["level"], finding["what"]


def test_of_a_service_that_runs(tmp_path: Path) -> None:
    with Valkey(None, tmp_path) as server:
        broker, backend = server.url(6), f"taskbeam+{server.url(7)}"
        keys = run("keys", "new").stdout
        with worker(broker, backend, pool="solo"):
            variables = {"broker_url": broker, "result_backend": backend, "token_keys": keys, **FEW}
            history = f"sqlite:///{tmp_path / 'history.db'}"
            done = run("doctor", "--json", dashboard="1", history=history, **variables)
        assert {each["level"] for each in said(done)} == {"ok"}, done.stdout
        assert done.returncode == 0
        assert {each["subject"] for each in said(done)} == {
            "Redis",
            "Eviction",
            "Persistence",
            "Permissions",
            "Output buffer",
            "Clock",
            "Broker",
            "Worker",
            "History",
            "Versions",
            "Open files",
            "Proxies",
            "Tokens",
        }
        assert "(taskbeam " in of("Worker", done)[1]
        with redis.Redis.from_url(server.url(7)) as client:
            assert client.keys("*doctor*") == []


def test_of_a_service_that_is_away() -> None:
    url = f"{nobody.REDIS}/0"
    done = run("doctor", broker_url=url, result_backend=f"taskbeam+{url}")
    assert done.returncode == 1
    assert "PROBLEM  Redis: it cannot be asked" in done.stdout
    assert "PROBLEM  Broker: The broker" in done.stdout
    assert "PROBLEM  Tokens:" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_of_a_backend_that_is_not_ours(valkey: Valkey) -> None:
    done = run("doctor", broker_url=valkey.url(6), result_backend=valkey.url(7), auth="open", **FEW)
    assert done.returncode == 1
    assert "Write taskbeam+ in front of it" in done.stdout
    assert "ok       Broker" in done.stdout


def test_of_a_broker_on_a_transport_of_another_kind(valkey: Valkey) -> None:
    done = run(
        "doctor",
        "--json",
        broker_url="memory://",
        result_backend=f"taskbeam+{valkey.url(7)}",
        auth="open",
        **FEW,
    )
    assert of("Broker", done)[0] == "ok"
    assert of("Worker", done) == ("warning", "no worker answers")


def test_of_a_broker_that_drops_messages(valkey: Valkey) -> None:
    with Valkey(None, None, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru") as broker:
        done = run(
            "doctor",
            "--json",
            broker_url=broker.url(),
            result_backend=f"taskbeam+{valkey.url(7)}",
            auth="open",
            **FEW,
        )
    assert of("Broker: Eviction", done)[0] == "problem"
    assert of("Eviction", done)[0] == "ok"
    assert done.returncode == 1


def test_of_workers_elsewhere(valkey: Valkey) -> None:
    """One is where it should be, one has a stock backend, one another database, one is on another broker."""
    broker, other_broker = valkey.url(8), valkey.url(9)
    here, there = f"taskbeam+{valkey.url(10)}", f"taskbeam+{valkey.url(11)}"
    workers = [
        (broker, here, "here"),
        (broker, valkey.url(10), "stock"),
        (broker, there, "there"),
        (other_broker, here, "deaf"),
    ]
    with ExitStack() as stack:
        for url, backend, queue in workers:
            stack.enter_context(worker(url, backend, pool="solo", queue=queue))
        done = run("doctor", "--json", broker_url=broker, result_backend=here, auth="open", **FEW)
        prefixed = run(
            "doctor",
            "--json",
            broker_url=other_broker,
            result_backend=here,
            auth="open",
            global_keyprefix="x:",
            **FEW,
        )
    found = [(each["level"], each["what"]) for each in said(done) if each["subject"] == "Worker"]
    assert sorted(level for level, _ in found) == ["ok", "problem", "problem", "warning"], found
    (fine,) = [what for level, what in found if level == "ok"]
    assert fine.startswith("here.solo@")
    wrong = "\n".join(what for level, what in found if level == "problem")
    assert f"its result backend is {valkey.url(10)}" in wrong
    assert f"its result backend is {there}" in wrong
    (silent,) = [what for level, what in found if level == "warning"]
    assert "does not answer on this broker" in silent
    answers = [each["what"] for each in said(prefixed) if each["subject"] == "Worker"]
    assert any("and here they begin with x:celery-task-meta-" in what for what in answers)


def test_an_application_that_knows_its_users_needs_no_keys(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBS_BROKER", valkey.url(12))
    monkeypatch.setenv("JOBS_BACKEND", f"taskbeam+{valkey.url(13)}")
    done = run("doctor", "--celery", "tests.support.jobs", "--json", **FEW)
    assert of("Tokens", done)[0] == "warning"
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        (["--celery", "nothing.here"], {}, "There is no Celery application"),
        ([], {"heartbeat": "often"}, "TASKBEAM_HEARTBEAT cannot be used"),
    ],
)
def test_it_cannot_look(arguments: list[str], variables: dict[str, str], words: str) -> None:
    done = run("doctor", *arguments, **variables)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
