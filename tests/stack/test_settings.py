"""Settings of the launcher, and what it makes of them for the services."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stack.services import environment, services
from stack.settings import Settings, broker_url, result_backend

NAMES = ("PORT", *(f"TASKBEAM_{field.upper()}" for field in Settings.model_fields))


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_nothing_needs_to_be_set() -> None:
    settings = Settings()
    assert settings.address == "http://127.0.0.1:8000"
    assert settings.redis_url is None
    assert settings.valkey_dir == Path("var/valkey").absolute()


@pytest.mark.parametrize(
    ("given", "port"),
    [
        ({"PORT": "9000"}, 9000),
        ({"TASKBEAM_PORT": "9001"}, 9001),
        ({"PORT": "9000", "TASKBEAM_PORT": "9001"}, 9001),
        ({"PORT": ""}, 8000),
    ],
)
def test_the_port_has_two_names(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], port: int) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert Settings().port == port


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TASKBEAM_PORT", "0"),
        ("TASKBEAM_PORT", "65536"),
        ("TASKBEAM_REDIS_URL", "http://localhost"),
        ("TASKBEAM_SMTP_URL", "http://localhost"),
        ("TASKBEAM_SMTP_URL", "smtp://"),
    ],
)
def test_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("example.test", "http://example.test:8000"),
    ],
)
def test_the_address_is_one_that_a_browser_can_open(
    monkeypatch: pytest.MonkeyPatch, host: str, address: str
) -> None:
    monkeypatch.setenv("TASKBEAM_HOST", host)
    assert Settings().address == address


@pytest.mark.parametrize(
    ("server", "broker", "results"),
    [
        ("redis://host:6379", "redis://host:6379/0", "taskbeam+redis://host:6379/1"),
        ("redis://host:6379/7", "redis://host:6379/0", "taskbeam+redis://host:6379/1"),
        (
            "rediss://:secret@host:6380",
            "rediss://:secret@host:6380/0",
            "taskbeam+rediss://:secret@host:6380/1",
        ),
    ],
)
def test_queue_and_results_get_a_database_each(server: str, broker: str, results: str) -> None:
    assert broker_url(server) == broker
    assert result_backend(server) == results


def test_results_may_be_kept_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = "taskbeam+rediscluster://host:7000"
    monkeypatch.setenv("TASKBEAM_RESULT_BACKEND", elsewhere)
    env = environment(Settings(), "redis://127.0.0.1:1")
    assert (env["TASKBEAM_BROKER_URL"], env["TASKBEAM_RESULT_BACKEND"]) == (
        "redis://127.0.0.1:1/0",
        elsewhere,
    )


def test_the_services_are_told_absolute_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    env = environment(Settings(), "redis://127.0.0.1:1")
    assert env["TASKBEAM_DATABASE_URL"] == f"sqlite:///{tmp_path}/var/taskbeam.db"
    assert env["TASKBEAM_FILES_DIR"] == f"{tmp_path}/var/files"
    assert env["TASKBEAM_UPLOADS_DIR"] == f"{tmp_path}/var/uploads"


def test_a_database_of_ones_own_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKBEAM_DATABASE_URL", "postgresql+psycopg://host/reports")
    assert environment(Settings(), "redis://127.0.0.1:1")["TASKBEAM_DATABASE_URL"].startswith("postgresql")


def test_links_in_messages_lead_to_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment(Settings(), "redis://127.0.0.1:1")["TASKBEAM_PUBLIC_URL"] == "http://127.0.0.1:8000"
    monkeypatch.setenv("TASKBEAM_PUBLIC_URL", "https://shop.example")
    assert environment(Settings(), "redis://127.0.0.1:1")["TASKBEAM_PUBLIC_URL"] == "https://shop.example"


@pytest.mark.parametrize(
    ("host", "opened"),
    [("", ["127.0.0.1"]), ("0.0.0.0", ["127.0.0.1"]), ("::", ["::1"]), ("127.0.0.2", ["127.0.0.2"])],
)
def test_the_gateway_may_tell_itself_how_a_report_has_ended(
    monkeypatch: pytest.MonkeyPatch, host: str, opened: list[str]
) -> None:
    monkeypatch.setenv("TASKBEAM_HOST", host)
    monkeypatch.setenv("TASKBEAM_WEBHOOK_NETWORKS", '["10.0.0.0/8"]')
    settings = Settings()
    env = environment(settings, "redis://127.0.0.1:1")
    assert env["TASKBEAM_MAIL_WEBHOOK"] == f"{settings.address}/hooks/mail"
    assert json.loads(env["TASKBEAM_WEBHOOK_NETWORKS"]) == ["10.0.0.0/8", *opened]


@pytest.mark.parametrize(
    ("host", "ours"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("", False)],
)
def test_everybody_is_an_operator_where_nobody_else_reaches_it(host: str, ours: bool) -> None:
    assert environment(Settings(host=host), "redis://127.0.0.1:1")["TASKBEAM_EVERYBODY_OPERATES"] == str(ours)


@pytest.mark.parametrize(
    ("given", "ours"),
    [
        ({"host": "127.0.0.1"}, True),
        ({"host": "0.0.0.0"}, False),
        ({"host": "127.0.0.1", "public_url": "https://shop.example"}, False),
        ({"host": "127.0.0.1", "auth": "tokens"}, False),
    ],
)
def test_the_page_may_kill_the_worker_where_nobody_else_reaches_it(given: dict[str, Any], ours: bool) -> None:
    env = environment(Settings(**given), "redis://127.0.0.1:1")
    assert env.get("TASKBEAM_STACK_PID") == (str(os.getpid()) if ours else None)


def test_the_worker_is_alone_on_a_server_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment(Settings(), "redis://127.0.0.1:1")["TASKBEAM_ALONE"] == "True"
    monkeypatch.setenv("TASKBEAM_REDIS_URL", "redis://127.0.0.1:1")
    assert environment(Settings(), "redis://127.0.0.1:1")["TASKBEAM_ALONE"] == "False"


def test_a_mail_server_is_started_before_who_sends_to_it() -> None:
    plan = services(Settings(), "redis://127.0.0.1:1", 25)
    assert [service.name for service in plan] == ["mail", "worker", "gateway"]
    [smtp_url] = {service.env["TASKBEAM_SMTP_URL"] for service in plan}
    assert smtp_url.startswith("smtp://127.0.0.1:")


@pytest.mark.parametrize("url", ["smtp://mail.example:25", "smtp+starttls://me:p%2Fw@mail.example"])
def test_a_mail_server_of_ones_own_is_used_instead(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TASKBEAM_SMTP_URL", url)
    plan = services(Settings(), "redis://127.0.0.1:1", 25)
    assert [service.name for service in plan] == ["worker", "gateway"]
    assert {service.env["TASKBEAM_SMTP_URL"] for service in plan} == {url}
