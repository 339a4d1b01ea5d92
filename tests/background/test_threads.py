"""Background work in a thread: an exception is logged, and the work starts again."""

from __future__ import annotations

import logging
import threading

import pytest

from taskbeam.background import threads as module
from taskbeam.background.threads import BackgroundThread

TIMEOUT = 60


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(module, "LAST_PAUSE", 0.01)


def test_an_exception_is_logged_with_the_threads_name_and_the_work_starts_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls = 0

    def work() -> None:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise RuntimeError("the token service answered 503")

    thread = BackgroundThread("taskbeam-lease", work, threading.Event())
    with caplog.at_level(logging.ERROR, "taskbeam.background.threads"):
        thread.start()
        thread.join(TIMEOUT)
    assert not thread.is_alive()
    assert (calls, thread.restarts) == (3, 2)
    assert "Background thread taskbeam-lease failed; it starts again in" in caplog.text
    assert "the token service answered 503" in caplog.text


def test_work_that_fails_starts_no_more_once_it_is_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 3600.0)
    monkeypatch.setattr(module, "LAST_PAUSE", 3600.0)
    stopped, failed = threading.Event(), threading.Event()

    def work() -> None:
        failed.set()
        raise RuntimeError

    thread = BackgroundThread("taskbeam-lease", work, stopped)
    thread.start()
    assert failed.wait(TIMEOUT)
    stopped.set()
    thread.join(TIMEOUT)
    assert not thread.is_alive()
