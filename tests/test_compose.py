"""`docker-compose.yml` and `Dockerfile` are valid, and name only what exists."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from pydantic_settings import BaseSettings

from worker.celery_app import create_celery
from worker.settings import WorkerSettings

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


def has_compose_plugin() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    return subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0


class TestCompose:
    def test_it_follows_the_compose_specification(self, compose: dict[str, Any]) -> None:
        Draft7Validator(json.loads(SCHEMA.read_text())).validate(compose)

    @pytest.mark.skipif(not has_compose_plugin(), reason="needs the Docker CLI with its compose plugin")
    def test_docker_itself_accepts_it(self) -> None:
        command = ["docker", "compose", "--profile", "*", "config", "--quiet"]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr

    def test_every_command_of_ours_is_a_module_with_an_entry_point(
        self, ours: dict[str, dict[str, Any]]
    ) -> None:
        for name, service in ours.items():
            python, option, module, *_ = service["command"]
            assert (python, option) == ("python", "-m"), name
            assert (ROOT / module / "__main__.py").is_file(), name

    def test_every_variable_of_ours_is_a_setting(self, ours: dict[str, dict[str, Any]]) -> None:
        known = variables("app.settings") | variables("worker.settings")
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
        assert {mount.partition(":")[0] for mount in mounts} == set(compose["volumes"])


class TestDockerfile:
    def test_everything_copied_exists_and_is_in_the_build_context(self, dockerfile: list[list[str]]) -> None:
        allowed = (ROOT / ".dockerignore").read_text().splitlines()
        sources = [source for word, *paths in dockerfile if word == "COPY" for source in paths[:-1]]
        for source in sources:
            assert (ROOT / source).exists()
            assert f"!{source}" in allowed

    def test_it_does_not_run_as_root(self, dockerfile: list[list[str]]) -> None:
        users = [words[1] for words in dockerfile if words[0] == "USER"]
        assert users[-1:] == ["taskbeam"]

    def test_its_command_is_run_without_a_shell(self, dockerfile: list[list[str]]) -> None:
        commands = [" ".join(words[1:]) for words in dockerfile if words[0] == "CMD"]
        assert [json.loads(command) for command in commands] == [["python", "-m", "app"]]
