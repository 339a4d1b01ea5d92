"""Blocking calls hold up nobody: not the loop, not its other threads, and not the end of the process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from taskbeam.background.calls import BlockingCalls
from tests.support.waiting import DEADLINE, wait_until


def named() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("calls-")]


def test_returns_and_raises_what_the_call_does() -> None:
    asyncio.run(_returns_and_raises())


async def _returns_and_raises() -> None:
    calls = BlockingCalls("calls", 2)

    def fail() -> None:
        raise LookupError("no")

    assert await calls.run(lambda: 3, DEADLINE) == 3
    with pytest.raises(LookupError):
        await calls.run(fail, DEADLINE)
    assert len(named()) == 1  # a thread that is free is used again
    calls.close()
    wait_until(lambda: not named())


def test_one_that_hangs_is_left_alone_and_the_next_never_begins() -> None:
    asyncio.run(_one_hangs())


async def _one_hangs() -> None:
    calls, gate, begun = BlockingCalls("calls", 1), threading.Event(), threading.Event()
    try:
        with pytest.raises(TimeoutError):
            await calls.run(gate.wait, 0.05)
        with pytest.raises(TimeoutError):
            await calls.run(begun.set, 0.05)
        assert len(named()) == 1
    finally:
        gate.set()
    assert await calls.run(lambda: begun.is_set(), DEADLINE) is False
    calls.close()
    wait_until(lambda: not named())


def test_no_more_at_once_than_allowed() -> None:
    asyncio.run(_many_at_once())


async def _many_at_once() -> None:
    calls, gate = BlockingCalls("calls", 3), threading.Event()
    running = [asyncio.create_task(calls.run(gate.wait, DEADLINE)) for _ in range(20)]
    await asyncio.sleep(0)
    assert len(named()) == 3
    gate.set()
    await asyncio.gather(*running)
    calls.close()
    wait_until(lambda: not named())


def test_each_thread_tidies_up_as_it_ends() -> None:
    ended: list[str] = []

    async def call() -> None:
        calls = BlockingCalls("calls", 2, lambda: ended.append(threading.current_thread().name))
        both = threading.Barrier(2)
        await asyncio.gather(*(calls.run(both.wait, DEADLINE) for _ in range(2)))
        assert ended == []
        calls.close()

    asyncio.run(call())
    wait_until(lambda: not named())
    assert sorted(ended) == ["calls-1", "calls-2"]


HANGS = """
import asyncio, threading
from taskbeam.background.calls import BlockingCalls

async def main():
    try:
        await BlockingCalls("calls", 1).run(threading.Event().wait, 0.05)
    except TimeoutError:
        print("given up")

asyncio.run(main())
"""


def test_a_process_ends_though_a_call_hangs() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    assert ended.stdout == "given up\n"
