"""What we log does no harm: whatever a handler does, and whoever else has its lock."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import pytest

from taskbeam.background.logger import QuietLock, logger_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAME = "taskbeam.tests.harmless"
TIMEOUT = 60


class Handler(logging.Handler):
    def __init__(self, act: Callable[[logging.LogRecord], None]) -> None:
        super().__init__()
        self.act = act

    def emit(self, record: logging.LogRecord) -> None:
        self.act(record)


@pytest.fixture
def handle() -> Iterator[Callable[[Callable[[logging.LogRecord], None]], Handler]]:
    """Add a handler for the time of the test."""
    added = []

    def add(act: Callable[[logging.LogRecord], None]) -> Handler:
        handler = Handler(act)
        logging.getLogger(NAME).addHandler(handler)
        added.append(handler)
        return handler

    yield add
    for handler in added:
        logging.getLogger(NAME).removeHandler(handler)


def test_a_handler_that_raises_is_told_on_stderr(
    handle: Callable[..., Handler], capsys: pytest.CaptureFixture[str]
) -> None:
    def act(_: logging.LogRecord) -> None:
        raise OSError("the disk is full")

    handle(act)
    logger_for(NAME).warning("Something happened to %s", "it")
    assert "the disk is full" in capsys.readouterr().err


def test_a_line_names_who_logged_it(caplog: pytest.LogCaptureFixture) -> None:
    logger_for(NAME).warning("Something happened")
    try:
        raise ValueError("planted")
    except ValueError:
        logger_for(NAME).exception("Something went wrong")
    assert [record.funcName for record in caplog.records] == ["test_a_line_names_who_logged_it"] * 2
    assert caplog.records[1].exc_info is not None
    assert isinstance(caplog.records[1].exc_info[1], ValueError)


def test_under_a_lock_lines_wait_in_order(caplog: pytest.LogCaptureFixture) -> None:
    lock, logger = QuietLock(), logger_for(NAME)
    with lock:
        with lock:
            logger.warning("first")
            try:
                raise ValueError("planted")
            except ValueError:
                logger.exception("second")
        assert caplog.messages == []
    assert caplog.messages == ["first", "second"]
    assert caplog.records[1].exc_info is not None
    assert isinstance(caplog.records[1].exc_info[1], ValueError)


def test_a_lock_that_is_taken_is_not_waited_for_when_asked_so() -> None:
    lock, taken = QuietLock(), []
    with lock:
        thread = threading.Thread(target=lambda: taken.append(lock.acquire(blocking=False)))
        thread.start()
        thread.join(TIMEOUT)
        assert lock.acquire(blocking=False)
        lock.release()
    assert taken == [False]


def test_what_waited_has_its_own_line_and_time(caplog: pytest.LogCaptureFixture) -> None:
    lock = QuietLock()
    with lock:
        logger_for(NAME).warning("first")
        between = time.time()
    assert caplog.records[0].created <= between
    assert caplog.records[0].funcName == "test_what_waited_has_its_own_line_and_time"


def test_two_threads_never_wait_for_each_other(handle: Callable[..., Handler]) -> None:
    """The one has the lock and logs; the other has the handler's own lock, and wants ours."""
    lock, has_handler, has_lock = QuietLock(), threading.Event(), threading.Event()

    def act(record: logging.LogRecord) -> None:
        if record.msg == "of the application":
            has_handler.set()
            assert has_lock.wait(TIMEOUT)
            with lock:
                pass

    def log_under_the_lock() -> None:
        assert has_handler.wait(TIMEOUT)
        with lock:
            has_lock.set()
            logger_for(NAME).warning("of ours")

    handle(act)
    threads = [
        threading.Thread(target=work, daemon=True)
        for work in (lambda: logging.getLogger(NAME).warning("of the application"), log_under_the_lock)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT)
    assert [thread.is_alive() for thread in threads] == [False, False]
