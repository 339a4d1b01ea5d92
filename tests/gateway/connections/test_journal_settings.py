"""What the gateway takes from the application beside the connection, and what it says when it cannot."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from celery import Celery

from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.connections.journal import JournalSettings, journal_backend, journal_redis

DAY = 24 * 60 * 60


def app_with(backend: str | None, **conf: Any) -> Celery:
    app = Celery(broker="memory://", backend=backend, set_as_current=False)
    app.conf.update(conf)
    return app


def settings_with(**conf: Any) -> JournalSettings:
    return JournalSettings.of(journal_backend(app_with("taskbeam+redis://127.0.0.1:1/0", **conf)))


class TestSettings:
    def test_as_celery_has_them(self) -> None:
        settings = settings_with()
        assert settings.key_prefix == "celery-task-meta-"
        assert (settings.limits.expires, settings.limits.failure_expires) == (DAY, DAY)
        assert settings.options.limit is None  # not configured

    @pytest.mark.parametrize(
        ("prefix", "expected"), [("team", "team_celery-task-meta-"), ("team:", "team:celery-task-meta-")]
    )
    def test_a_prefix(self, prefix: str, expected: str) -> None:
        assert settings_with(result_backend_transport_options={"global_keyprefix": prefix}).key_prefix == (
            expected
        )

    @pytest.mark.parametrize(("expires", "seconds"), [(7200, 7200), (timedelta(hours=2), 7200), (None, 0)])
    def test_expiry(self, expires: Any, seconds: int) -> None:
        settings = settings_with(result_expires=expires)
        assert (settings.limits.expires, settings.limits.failure_expires) == (seconds, seconds)

    def test_expiry_of_failures(self) -> None:
        settings = settings_with(result_expires=60, result_failure_expires=3600)
        assert (settings.limits.expires, settings.limits.failure_expires) == (60, 3600)

    def test_options(self) -> None:
        options = settings_with(taskbeam_options={"limit": 5000, "sharded": True, "keep": 60}).options
        assert (options.limit, options.sharded, options.keep) == (5000, True, 60)


class TestABackendThatIsNotOurs:
    @pytest.mark.parametrize(
        ("backend", "says"),
        [
            (None, 'has no result backend. Set result_backend = "taskbeam+redis://host:6379/1"'),
            (
                "redis://:planted-secret@host/1",
                'Write taskbeam+ in front of it: result_backend = "taskbeam+redis://:**@host/1"',
            ),
            (
                "sentinel://:planted-secret@a:1/0;sentinel://:planted-secret@b:2/0",
                '"taskbeam+sentinel://:**@a:1/0;sentinel://:**@b:2/0"',
            ),
            ("rpc://", "(RPCBackend), which keeps no journal. Set result_backend ="),
            ("taskbam+redis://:planted-secret@host/1", "No module named 'taskbam'. Example: result_backend"),
            ("taskbeam+rediss://:planted-secret@host/1", "must have parameter ssl_cert_reqs"),
            ("taskbeam+redis://:planted-secret@host/1?ssl_cert_reqs=none", "rediss://"),
            ("taskbeam+redis://:planted-secret@host/db", "invalid literal for int"),
        ],
    )
    def test_is_named_with_what_to_do(self, backend: str | None, says: str) -> None:
        with pytest.raises(CeleryConfigurationError) as error:
            journal_backend(app_with(backend))
        assert says in str(error.value)
        assert "planted-secret" not in str(error.value)
        assert "\n" not in str(error.value)

    def test_an_option_that_does_not_exist(self) -> None:
        with pytest.raises(CeleryConfigurationError, match="taskbeam_options has no limits"):
            journal_backend(app_with("taskbeam+redis://host/1", taskbeam_options={"limits": 1}))

    def test_a_sentinel_without_a_master(self) -> None:
        backend = journal_backend(app_with("taskbeam+sentinel://host:26379/1"))
        with pytest.raises(CeleryConfigurationError, match="Set result_backend_transport_options = "):
            journal_redis(backend, 1.0)
