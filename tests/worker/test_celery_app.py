"""The Celery application is set up as the tutorial asks."""

import subprocess
import sys
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded

from taskbeam.celery.payloads import payloads_of
from taskbeam.gateway.documents.task_schemas import schemas_of
from worker.celery_app import create_celery
from worker.emails.errors import InvalidEmailError, OutcomeUnknownError, RefusedError
from worker.emails.marks import CLAIM_SECONDS
from worker.images.errors import NotAnImageError, TooLargeToDecodeError, TooManyPixelsError, UploadGoneError
from worker.reports.orders import UnknownUserError
from worker.settings import WorkerSettings
from worker.tasks.year import PAUSE
from worker.texts.corpus import NoTextError


@pytest.fixture
def app() -> Celery:
    return create_celery(WorkerSettings(broker_url="redis://h/0", result_backend="taskbeam+redis://h/1"))


def test_jobs_are_limited_and_shared_out_fairly(app: Celery) -> None:
    assert app.conf.task_track_started is True
    assert app.conf.task_time_limit == 60
    assert app.conf.task_soft_time_limit == 55
    assert app.conf.worker_prefetch_multiplier == 1


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("reports.generate", "reports"),
        ("emails.send", "emails"),
        ("images.resize", "images"),
        ("texts.write", "texts"),
    ],
)
def test_each_workload_has_a_queue_of_its_own(app: Celery, task: str, name: str) -> None:
    route = app.amqp.router.route({}, task)
    assert (route["queue"].name, route["queue"].exchange.name, route["queue"].routing_key) == (name,) * 3


def test_each_task_has_typed_payloads_that_a_document_takes(app: Celery) -> None:
    ours = [name for name in app.tasks if not name.startswith("celery.")]
    assert len(ours) == 7
    for name in ours:
        payloads = payloads_of(app.tasks[name])
        assert payloads is not None
        found = schemas_of(name, payloads.schema(name).encode())
        assert f"{name}--result" in found.components
        assert found.unfit == {}


def test_everything_else_goes_to_the_default_queue(app: Celery) -> None:
    assert app.amqp.router.route({}, "something.else")["queue"].name == "default"
    assert set(app.amqp.queues) == {
        "default",
        "reports",
        "emails",
        "images",
        "texts",
    }  # all served by a worker without -Q


def test_only_json_travels(app: Celery) -> None:
    assert app.conf.task_serializer == app.conf.result_serializer == "json"
    assert app.conf.accept_content == ["json"]


def test_times_results_and_restarts(app: Celery) -> None:
    assert str(app.conf.timezone) == "UTC"
    assert app.conf.enable_utc is True
    assert app.conf.result_expires == 24 * 60 * 60
    assert app.conf.broker_connection_retry_on_startup is True


def test_queue_and_results_are_apart() -> None:
    defaults = WorkerSettings.model_fields
    assert defaults["broker_url"].default.endswith("/0")
    assert defaults["result_backend"].default.endswith("/1")


@pytest.mark.parametrize("name", ["reports.generate", "emails.send", "images.resize", "texts.write"])
def test_a_job_is_retried_with_backoff_and_jitter(app: Celery, name: str) -> None:
    task: Any = app.tasks[name]
    assert task.autoretry_for == (Exception,)
    assert task.retry_backoff is True
    assert task.retry_jitter is True
    assert task.max_retries == 5


def test_a_report_that_waits_for_its_source_knows_how_long(app: Celery) -> None:
    """And what it reads is with the broker until it has ended: whoever kills the worker costs an attempt."""
    task: Any = app.tasks["reports.year"]
    assert (task.retry_backoff, task.retry_jitter, task.max_retries) == (PAUSE, False, 5)
    assert task.acks_late
    assert app.tasks["reports.export"].acks_late


def test_what_would_fail_again_is_not_retried(app: Celery) -> None:
    task: Any = app.tasks["reports.generate"]
    assert task.dont_autoretry_for == (UnknownUserError, SoftTimeLimitExceeded)
    task = app.tasks["emails.send"]
    assert task.dont_autoretry_for == (
        InvalidEmailError,
        RefusedError,
        OutcomeUnknownError,
        SoftTimeLimitExceeded,
    )
    task = app.tasks["images.resize"]
    assert task.dont_autoretry_for == (
        NotAnImageError,
        TooManyPixelsError,
        TooLargeToDecodeError,
        UploadGoneError,
        SoftTimeLimitExceeded,
    )
    task = app.tasks["texts.write"]
    assert task.dont_autoretry_for == (NoTextError, SoftTimeLimitExceeded)


def test_a_claim_on_a_message_lasts_as_long_as_its_job_may(app: Celery) -> None:
    task: Any = app.tasks["emails.send"]
    assert task.time_limit == CLAIM_SECONDS
    assert task.soft_time_limit < CLAIM_SECONDS


def test_each_application_has_its_own_task() -> None:
    one, other = create_celery(WorkerSettings()), create_celery(WorkerSettings())
    assert one.tasks["reports.generate"].app is one
    assert other.tasks["reports.generate"].app is other
    assert one.tasks["reports.generate"].run is not other.tasks["reports.generate"].run


def test_importing_opens_and_builds_nothing() -> None:
    program = (
        "import socket, sqlite3\n"
        "def refuse(*_, **__): raise AssertionError('opened at import')\n"
        "socket.socket.connect = sqlite3.connect = refuse\n"
        "import worker.__main__, celery._state\n"
        "assert celery._state._apps.__len__() == 0\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
