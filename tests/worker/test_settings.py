"""The worker's settings."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from worker.settings import WorkerSettings


def test_defaults_run_on_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WorkerSettings.model_fields:
        monkeypatch.delenv(f"TASKBEAM_{name.upper()}", raising=False)
    settings = WorkerSettings()
    assert settings.broker_url == "redis://127.0.0.1:6379/0"
    assert settings.result_backend == "taskbeam+redis://127.0.0.1:6379/1"
    assert settings.database_url == "sqlite:///var/taskbeam.db"
    assert settings.files_dir == Path("var/files")
    assert settings.smtp_url == "smtp://127.0.0.1:1025"


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKBEAM_RESULT_BACKEND", "redis://elsewhere/3")
    monkeypatch.setenv("TASKBEAM_FILES_DIR", "/srv/files")
    monkeypatch.setenv("TASKBEAM_SOMETHING_OF_THE_GATEWAY", "1")
    settings = WorkerSettings()
    assert settings.result_backend == "redis://elsewhere/3"
    assert settings.files_dir == Path("/srv/files")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        WorkerSettings().broker_url = "redis://elsewhere/0"
