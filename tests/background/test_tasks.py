"""Background work in an event loop: nothing ends it but `stop`, and nothing ends it in silence."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.background import cancellation
from taskbeam.background import tasks as module
from taskbeam.background.tasks import BackgroundTasks

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

TIMEOUT = 60


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(module, "LAST_PAUSE", 0.01)


class Work:
    """Ends as it is told to, one end after the other; then it goes on."""

    def __init__(self, *ends: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._ends = list(ends)
        self.goes_on = asyncio.Event()
        self.cancelled = False

    async def run(self) -> None:
        if self._ends:
            await self._ends.pop(0)()
            return
        self.goes_on.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def raise_runtime_error() -> None:
    raise RuntimeError("the handler is closed")


async def raise_cancelled() -> None:
    raise asyncio.CancelledError


async def return_() -> None:
    return


@pytest.mark.parametrize("end", [raise_runtime_error, raise_cancelled, return_])
def test_whatever_ends_work_is_logged_with_its_name_and_it_starts_again(
    end: Callable[[], Coroutine[Any, Any, None]], caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        background, work = BackgroundTasks(), Work(end, end)
        background.keep("watchdog", work.run)
        async with asyncio.timeout(TIMEOUT):
            await work.goes_on.wait()
        assert background.restarts == {"watchdog": 2}
        assert [failing.name for failing in background.failing()] == ["watchdog"]
        await background.stop()
        assert work.cancelled

    with caplog.at_level(logging.ERROR, "taskbeam.background.tasks"):
        asyncio.run(run())
    assert len(caplog.records) == 2
    assert "Background work watchdog failed; it starts again in" in caplog.text


def test_an_event_loop_that_ends_ends_it() -> None:
    """As that of an application whose lifespan does not reach the gateway: nobody stops it by name."""
    work: list[Work] = []

    async def run() -> None:
        work.append(Work(raise_runtime_error))
        BackgroundTasks().keep("watchdog", work[0].run)
        async with asyncio.timeout(TIMEOUT):
            await work[0].goes_on.wait()

    asyncio.run(run())
    assert work[0].cancelled


def test_one_that_fails_ends_none_of_the_others() -> None:
    async def run() -> None:
        background, well, ill = BackgroundTasks(), Work(), Work(raise_runtime_error)
        background.keep("well", well.run)
        background.keep("ill", ill.run)
        async with asyncio.timeout(TIMEOUT):
            await ill.goes_on.wait()
        assert background.restarts == {"well": 0, "ill": 1}
        assert not well.cancelled
        await background.stop()

    asyncio.run(run())


def test_work_that_is_done_once_is_not_repeated_and_its_failure_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> None:
        background = BackgroundTasks()
        background.once("start-up checks", raise_runtime_error)
        async with asyncio.timeout(TIMEOUT):
            while not caplog.records:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        assert background.names == []
        assert background.failing() == []
        await background.stop()

    with caplog.at_level(logging.ERROR, "taskbeam.background.tasks"):
        asyncio.run(run())
    assert [record.getMessage() for record in caplog.records] == ["Background work start-up checks failed."]


def test_work_that_may_return_has_ended_then(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        background, work = BackgroundTasks(), Work(raise_runtime_error, return_)
        background.keep("census", work.run, until_it_returns=True)
        async with asyncio.timeout(TIMEOUT):
            while asyncio.all_tasks() != {asyncio.current_task()}:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        assert background.restarts == {"census": 1}
        await background.stop()

    asyncio.run(run())
    assert len(caplog.records) == 1


def test_work_that_fails_as_it_is_stopped_is_logged_and_ends(caplog: pytest.LogCaptureFixture) -> None:
    async def failing() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError

    async def run() -> None:
        background = BackgroundTasks()
        background.keep("watchdog", failing)
        await asyncio.sleep(0.01)
        await background.stop()
        assert background.restarts == {"watchdog": 0}

    asyncio.run(run())
    assert [record.getMessage() for record in caplog.records] == [
        "Background work watchdog failed as it was stopped."
    ]


@pytest.mark.parametrize("by_name", [True, False], ids=["stop", "the end of the event loop"])
def test_work_that_tidies_up_is_not_disturbed(monkeypatch: pytest.MonkeyPatch, *, by_name: bool) -> None:
    monkeypatch.setattr(cancellation, "CANCEL_AGAIN", TIMEOUT)
    tidy = False

    async def work() -> None:
        nonlocal tidy
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            tidy = True

    async def run() -> None:
        background = BackgroundTasks()
        background.once("connections", work)
        await asyncio.sleep(0.01)
        if by_name:
            await background.stop()

    asyncio.run(run())
    assert tidy


@pytest.mark.parametrize("by_name", [True, False], ids=["stop", "the end of the event loop"])
def test_work_that_swallows_a_cancellation_hears_it_again(
    monkeypatch: pytest.MonkeyPatch, *, by_name: bool
) -> None:
    """As redis-py on Python 3.11 did: the gateway was alive 40 s after SIGTERM, and a mounted one stayed."""
    monkeypatch.setattr(cancellation, "CANCEL_AGAIN", 0.001)
    heard = 0

    async def deaf() -> None:
        nonlocal heard
        while True:
            try:
                await asyncio.sleep(TIMEOUT)
            except asyncio.CancelledError:
                heard += 1
                if heard == 3:
                    raise

    async def run() -> None:
        background = BackgroundTasks()
        background.keep("watchdog", deaf)
        await asyncio.sleep(0.01)
        if by_name:
            await background.stop()

    asyncio.run(run())
    assert heard == 3


def test_work_that_cannot_be_cancelled_is_named_and_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cancellation, "CANCEL_AGAIN", 0.001)
    monkeypatch.setattr(cancellation, "GIVE_UP", 0.02)
    release = False

    async def deaf() -> None:
        while not release:
            try:
                await asyncio.sleep(0.001)
            except asyncio.CancelledError:
                continue

    async def run() -> None:
        nonlocal release
        background = BackgroundTasks()
        background.once("start-up checks", deaf)
        await asyncio.sleep(0.01)
        await background.stop()
        release = True

    with caplog.at_level(logging.ERROR, "taskbeam.background.cancellation"):
        asyncio.run(run())
    assert "Background work start-up checks did not end within" in caplog.text


def test_an_event_loop_that_ends_has_cancelled_the_work_which_is_then_left_to_end() -> None:
    """Whoever stops it meanwhile, as the owner of its connections does, waits until it has ended."""
    told: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(20):
                await asyncio.sleep(0)
            told.append("ended")

    async def own() -> None:
        background = BackgroundTasks()
        background.keep("work", work)
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            await background.stop()
            told.append("stopped")

    async def run() -> None:
        owner = asyncio.create_task(own())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not owner.done()

    asyncio.run(run())
    assert told == ["ended", "stopped"]
