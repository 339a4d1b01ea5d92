"""`taskbeam serve` in one process: what it serves, and what its options mean."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from stack.ports import LOOPBACK, kept_port
from tests.support.event_stream import EventStream, bodies_of
from tests.support.results import results_at
from tests.support.waiting import DEADLINE, START_TIMEOUT

from .running import Serving, run, serving

if TYPE_CHECKING:
    from pathlib import Path

    from stack.valkey import Valkey
    from tests.support.journal import Journals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_gateway_alone_until_it_is_told_to_end(
    valkey: Valkey, journals: Journals, number: signal.Signals
) -> None:
    task = journals.task()
    task.finish()
    with serving(valkey) as served:
        served.wait_until_ready()
        with EventStream(served.gateway, task.id) as stream:
            assert bodies_of(stream.rest()) == task.bodies()
        assert "Swagger" in httpx.get(f"{served.http}/docs/swagger-ui-bundle.js").text
        refused = httpx.post(f"{served.http}/tasks/{task.id}/cancel", content=b"x" * 2_000_000)
        assert refused.status_code == 413
        assert served.stop(number) == 0
        assert served.logged("Finished server process")


@pytest.mark.parametrize("target", ["tests.support.jobs", "tests.support.jobs:app"])
def test_the_gateway_of_a_celery_application(
    valkey: Valkey, journals: Journals, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its backend is used, and not the one of the environment."""
    task = journals.task()
    task.finish()
    monkeypatch.setenv("JOBS_BROKER", valkey.url(0))
    monkeypatch.setenv("JOBS_BACKEND", "taskbeam+" + results_at(valkey.url(1)))
    elsewhere = {"broker_url": valkey.url(4), "result_backend": f"taskbeam+{valkey.url(5)}"}
    with serving(valkey, "--celery", target, port=0, **elsewhere) as served:
        served.wait_until_ready()
        with EventStream(served.gateway, task.id) as stream:
            assert bodies_of(stream.rest()) == task.bodies()


@pytest.mark.parametrize("name", ["tests.cli.shop:app", "tests.cli.shop:create_app"])
def test_an_application_of_ones_own(name: str, valkey: Valkey, journals: Journals) -> None:
    task = journals.task(labels={"owner": "ada"})
    task.finish()
    factory = ["--factory"] if name.endswith("create_app") else []
    with serving(valkey, "--app", name, *factory, auth="tokens") as served:
        served.wait_until_ready("/live/readyz")
        stream = httpx.get(f"{served.http}/live/tasks/{task.id}/events", timeout=DEADLINE)
        assert bodies_of(stream.content) == task.bodies()
        assert httpx.get(f"{served.http}/detachable").json() is True


class TestOptions:
    def test_override_variables(self, valkey: Valkey) -> None:
        with (
            kept_port() as other,
            serving(valkey, "--port", str(other), "--log-level", "warning") as served,
        ):
            Serving(served.process, other).wait_until_ready()
            served.stop()
            assert not served.logged("Finished server process")

    def test_variables_override_defaults(self, valkey: Valkey) -> None:
        with serving(valkey, log_level="warning") as served:
            served.wait_until_ready()
            served.stop()
            assert not served.logged("Finished server process")

    def test_a_root_path(self, valkey: Valkey) -> None:
        with serving(valkey, "--app", "tests.cli.shop:app", "--root-path", "/behind") as served:
            served.wait_until_ready("/live/readyz")
            assert httpx.get(f"{served.http}/root_path").json() == "/behind"

    def test_a_unix_socket(self, valkey: Valkey, tmp_path: Path) -> None:
        path = tmp_path / "gateway.sock"
        with serving(valkey, "--uds", str(path)) as served:
            assert served.answers_on(path)
            served.stop()
        assert not path.exists()

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--app", "a:b", "--celery", "c:d"), "--celery does not go with it"),
            (("--factory",), "--factory needs --app"),
            (("--workers", "0"), "--workers"),
            (("--app", "shop"), "not of the form MODULE:NAME"),
            (("--app", "nothing.here:app"), "There is no module"),
            (("--app", "app.main:nothing"), "has no 'nothing'"),
            (("--app", "tests.cli.running:COMMAND"), "is no ASGI application"),
            (("--celery", "nothing.here"), "There is no Celery application 'nothing.here'"),
            (("--celery", "app.main:create_app"), "is no Celery application"),
        ],
    )
    def test_that_make_no_sense(self, arguments: tuple[str, ...], words: str) -> None:
        refused = run("serve", *arguments, auth="open")
        assert refused.returncode == 2
        assert words in " ".join(refused.stderr.split())
        assert "Traceback" not in refused.stderr


class TestTheEnvironment:
    @pytest.mark.parametrize(
        ("variable", "value", "words"),
        [
            ("port", "http", "TASKBEAM_PORT cannot be used"),
            ("heartbeat", "-1", "TASKBEAM_HEARTBEAT cannot be used"),
            ("api_keys", "planted-secret", "api_keys"),
            ("result_backend", "redis://127.0.0.1:1/1", "Write taskbeam+ in front of it"),
            ("auth", "tokens", "taskbeam keys new"),
        ],
    )
    def test_a_value_that_cannot_be_used(self, variable: str, value: str, words: str) -> None:
        refused = run("serve", **{"auth": "open", variable: value})
        assert refused.returncode == 2
        assert words in refused.stderr
        assert "Traceback" not in refused.stderr
        assert "planted-secret" not in refused.stderr

    def test_a_port_that_is_taken(self, valkey: Valkey) -> None:
        with (
            socket.create_server((LOOPBACK, 0)) as selfish,
            serving(valkey, port=selfish.getsockname()[1]) as served,
        ):
            assert served.process.wait(START_TIMEOUT) == 3
        assert served.logged("in use")
