"""A gateway that hears Celery's results connects as Celery's own backend does, whichever it is."""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery, signals

from taskbeam.celery.journal_backend import JournalBackend
from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.connections.journal import JournalSettings, journal_backend, journal_parameters

ENDS_WITH = {"global_keyprefix": "shop", "master_name": "mymaster"}


def app_with(url: str | None, **conf: Any) -> Celery:
    app = Celery("shop", broker="memory://", backend=url, set_as_current=False)
    app.conf.update(result_backend_transport_options=ENDS_WITH, result_expires=500, **conf)
    return app


@pytest.mark.parametrize(
    "url",
    [
        "redis://:secret@host:7000/3",
        "rediss://host:7000/3?ssl_cert_reqs=required",
        "redis+socket:///tmp/redis.sock?virtual_host=3",
        "sentinel://one:26379/3;sentinel://two:26379/3",
    ],
)
def test_each_of_celerys_own(url: str) -> None:
    app = app_with(url)
    backend = journal_backend(app, stock=True)
    assert isinstance(backend, JournalBackend)
    assert not isinstance(app.backend, JournalBackend)
    settings = JournalSettings.of(backend)
    assert settings.key_prefix == "shop_celery-task-meta-"
    assert settings.limits.expires == 500
    own: Any = app.backend
    parameters, stock = journal_parameters(backend), own.connparams
    assert {name: parameters.arguments.get(name) for name in stock if name != "hosts"} == {
        name: each for name, each in stock.items() if name != "hosts"
    }
    assert [host for host, _ in parameters.sentinels] == [each["host"] for each in stock.get("hosts", ())]


def test_the_applications_tasks_go_on_without_ours() -> None:
    before = len(signals.before_task_publish.receivers or ())
    journal_backend(app_with("redis://host/1"), stock=True)
    assert len(signals.before_task_publish.receivers or ()) == before


def test_one_of_ours_stays_what_it_is() -> None:
    app = app_with("taskbeam+redis://host/1")
    own: Any = app.backend
    assert journal_backend(app, stock=True) is own


@pytest.mark.parametrize("url", [None, "cache+memory://"])
def test_no_other_can_be_heard(url: str | None) -> None:
    with pytest.raises(CeleryConfigurationError):
        journal_backend(app_with(url), stock=True)


def test_without_the_setting_it_is_named() -> None:
    with pytest.raises(CeleryConfigurationError, match="TASKBEAM_STOCK=1"):
        journal_backend(app_with("redis://host/1"))
