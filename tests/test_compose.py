"""`docker-compose.yml` and `Dockerfile` are valid, and name only what exists."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft7Validator
from pydantic_settings import BaseSettings

from worker.celery_app import create_celery
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT / "tests/data/compose-spec.json"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return document


@pytest.fixture(scope="module")
def ours(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services that run our own image."""
    return {name: service for name, service in compose["services"].items() if "build" in service}


@pytest.fixture(scope="module")
def dockerfile() -> list[list[str]]:
    """The instructions as lists of words."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def variables(module: str) -> set[str]:
    """The names of the environment variables that the settings classes of `module` read."""
    classes = [value for value in vars(import_module(module)).values() if isinstance(value, type)]
    return {
        f"{settings.model_config.get('env_prefix', '')}{field}".upper()
        for settings in classes
        if issubclass(settings, BaseSettings)
        for field in settings.model_fields
    }


#: A program that reads a compose file by the library that is within `docker compose`.
COMPOSE_CONFIG = ROOT / "tests/support/compose_config"


def go(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["go", "-C", COMPOSE_CONFIG, *arguments], capture_output=True, text=True, check=False
    )


class TestCompose:
    def test_it_follows_the_compose_specification(self, compose: dict[str, Any]) -> None:
        Draft7Validator(json.loads(SCHEMA.read_text())).validate(compose)

    def test_docker_compose_accepts_it(
        self,
        compose: dict[str, Any],
        tmp_path: Path,
        record_property: Callable[[str, object], None],
    ) -> None:
        """`docker compose config` is this library, and needs Docker's program around it."""
        if shutil.which("go") is None or go("mod", "download").returncode != 0:
            record_property("lacking", "docker compose: no Go, or no modules, so only the schema was tried")
            return
        program = tmp_path / "compose-config"
        built = go("build", "-o", str(program), ".")
        assert built.returncode == 0, built.stderr

        def services(path: Path) -> subprocess.CompletedProcess[str]:
            return subprocess.run([program, path], capture_output=True, text=True, check=False)

        read = services(ROOT / "docker-compose.yml")
        assert (read.returncode, read.stdout.split()) == (0, sorted(compose["services"])), read.stderr
        wrong = tmp_path / "wrong.yml"
        wrong.write_text("services: {redis: {imag: redis}}")
        assert "imag" in services(wrong).stderr

    def test_every_command_of_ours_is_a_module_with_an_entry_point(
        self, ours: dict[str, dict[str, Any]]
    ) -> None:
        for name, service in ours.items():
            python, option, module, *_ = service["command"]
            assert (python, option) == ("python", "-m"), name
            assert (ROOT / module / "__main__.py").is_file(), name

    def test_every_variable_of_ours_is_a_setting(self, ours: dict[str, dict[str, Any]]) -> None:
        known = variables("app.settings") | variables("worker.settings") | {"FORWARDED_ALLOW_IPS"}
        for name, service in ours.items():
            assert set(service["environment"]) <= known, name

    def test_every_queue_of_the_application_has_a_worker(self, ours: dict[str, dict[str, Any]]) -> None:
        commands = [service["command"] for service in ours.values() if "-Q" in service["command"]]
        served = [command[command.index("-Q") + 1] for command in commands]
        declared = [queue.name for queue in create_celery(WorkerSettings()).conf.task_queues]
        assert sorted(served) == sorted(declared)

    def test_only_services_without_a_profile_must_be_there(self, compose: dict[str, Any]) -> None:
        services = compose["services"]
        for name, service in services.items():
            for other, terms in service.get("depends_on", {}).items():
                assert not terms.get("required", True) or "profiles" not in services[other], name

    def test_what_is_waited_for_can_become_healthy(self, compose: dict[str, Any]) -> None:
        services = compose["services"]
        for service in services.values():
            for other, terms in service.get("depends_on", {}).items():
                assert terms["condition"] != "service_healthy" or "healthcheck" in services[other], other

    def test_every_named_volume_is_declared(self, compose: dict[str, Any]) -> None:
        mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", [])]
        sources = {mount.partition(":")[0] for mount in mounts}
        files = {source for source in sources if source.startswith("./")}
        assert sources - files == set(compose["volumes"])
        assert all((ROOT / file).is_file() for file in files)

    def test_the_gateways_believe_the_proxy_and_prometheus_knows_each_of_them(
        self, compose: dict[str, Any]
    ) -> None:
        services = compose["services"]
        gateways = {name: each for name, each in services.items() if name.startswith("gateway")}
        address = services["proxy"]["networks"]["default"]["ipv4_address"]
        for gateway in gateways.values():
            assert gateway["environment"]["FORWARDED_ALLOW_IPS"] == address
        scraped = yaml.safe_load((ROOT / "monitoring/prometheus.yml").read_text())["scrape_configs"]
        port = services["gateway"]["environment"]["TASKBEAM_METRICS_PORT"]
        assert scraped[0]["static_configs"][0]["targets"] == [f"{name}:{port}" for name in gateways]
        upstreams = (ROOT / "deploy/nginx.conf").read_text()
        assert all(f"server {name}:8000;" in upstreams for name in gateways)


class TestDockerfile:
    def test_everything_copied_exists_and_is_in_the_build_context(self, dockerfile: list[list[str]]) -> None:
        allowed = (ROOT / ".dockerignore").read_text().splitlines()
        copied = [paths for word, *paths in dockerfile if word == "COPY" and "--from=built" not in paths]
        sources = {source for *paths, _ in copied for source in paths}
        for source in sources:
            assert (ROOT / source).exists()
            assert any(f"!{path}" in allowed for path in (source, *map(str, Path(source).parents)))

    def test_nothing_hides_the_installed_package(self, dockerfile: list[list[str]]) -> None:
        """Its gateway has the bundles; what is in the folder of the command is imported before it."""
        last = dockerfile[max(index for index, (word, *_) in enumerate(dockerfile) if word == "WORKDIR") :]
        assert not any("taskbeam" in words for words in last if words[0] in ("COPY", "RUN"))
        assert ["RUN", "pip", "install", "--no-deps", "--force-reinstall", "/srv/built/dist/*.whl"] in last

    def test_it_does_not_run_as_root(self, dockerfile: list[list[str]]) -> None:
        users = [words[1] for words in dockerfile if words[0] == "USER"]
        assert users[-1:] == ["taskbeam"]

    def test_its_command_is_run_without_a_shell(self, dockerfile: list[list[str]]) -> None:
        commands = [" ".join(words[1:]) for words in dockerfile if words[0] == "CMD"]
        assert [json.loads(command) for command in commands] == [["python", "-m", "app"]]
