"""Who is told when a gateway begins to stop, and in which order; no server."""

from __future__ import annotations

import asyncio

import pytest

from taskbeam.gateway import shutdown as module
from taskbeam.gateway.shutdown import Shutdown


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def shutdown(told: list[str]) -> Shutdown:
    """With two connections, and what is for none."""
    made = Shutdown()
    made.when_told(lambda: told.append("last"))
    for name in ("one", "two"):
        made.watch(lambda name=name: told.append(name))  # type: ignore[misc]
    made.when_begun(lambda: told.append("first"))
    return made


def test_all_are_told_at_once(shutdown: Shutdown, told: list[str]) -> None:
    shutdown.begin()
    assert (told[0], told[-1], sorted(told[1:-1])) == ("first", "last", ["one", "two"])
    assert shutdown.told.is_set()


def test_each_connection_is_told_at_its_moment(
    shutdown: Shutdown, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.06, 0.03])
    monkeypatch.setattr(module.random, "uniform", lambda *_: next(moments))  # type: ignore[attr-defined]

    async def drain() -> list[str]:
        shutdown.begin(0.09)
        at_once = list(told)
        await shutdown.told.wait()
        return at_once

    assert asyncio.run(drain()) == ["first"]
    assert told == ["first", "two", "one", "last"]


def test_whoever_comes_while_it_drains_is_told_at_once(shutdown: Shutdown, told: list[str]) -> None:
    async def come() -> None:
        shutdown.begin(3600.0)
        shutdown.watch(lambda: told.append("late"))
        shutdown.when_begun(lambda: told.append("late, for none"))

    asyncio.run(come())
    assert told == ["first", "late", "late, for none"]


def test_whoever_has_gone_is_not_told(told: list[str]) -> None:
    async def go() -> None:
        shutdown = Shutdown()
        with shutdown.watched_by(lambda: told.append("gone")):
            shutdown.begin(0.01)
        await shutdown.told.wait()

    asyncio.run(go())
    assert told == []


def test_all_that_are_left_are_told_when_there_is_no_more_time(shutdown: Shutdown, told: list[str]) -> None:
    async def hurry() -> None:
        shutdown.begin(3600.0)
        shutdown.begin()

    asyncio.run(hurry())
    assert sorted(told) == ["first", "last", "one", "two"]
    assert shutdown.told.is_set()
