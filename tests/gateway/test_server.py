"""The server's own loop: it ends when a signal says so, and keeps the ``Date`` header."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest
import uvicorn
import uvloop

from taskbeam.gateway.server import server as module
from taskbeam.gateway.server.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPS = pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, uvloop.new_event_loop])


def new_server() -> Server:
    config = uvicorn.Config("app.main:create_app")
    config.encoded_headers = []
    return Server(config)


@LOOPS
def test_a_signal_ends_it_between_two_looks_at_the_clock(
    loop: Callable[[], asyncio.AbstractEventLoop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 3600)
    server = new_server()

    async def serve() -> None:
        # From outside, while the loop sleeps, as an operator's comes.
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
        await asyncio.wait_for(server.main_loop(), 60)

    before = signal.signal(signal.SIGTERM, server.handle_exit)
    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(serve())
    finally:
        signal.signal(signal.SIGTERM, before)
    assert server.should_exit


def test_a_signal_during_startup_is_not_forgotten() -> None:
    server = new_server()
    server.handle_exit(signal.SIGTERM, None)
    asyncio.run(asyncio.wait_for(server.main_loop(), 60))


def test_the_date_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK", 0)
    clock = iter(range(1_000_000))
    monkeypatch.setattr("uvicorn.server.time.time", lambda: next(clock))
    server = new_server()

    async def dates() -> list[bytes]:
        serving = asyncio.create_task(server.main_loop())
        seen: list[bytes] = []
        while len(seen) < 3:
            await asyncio.sleep(0)
            for name, value in server.server_state.default_headers:
                assert name == b"date"
                if value not in seen:
                    seen.append(value)
        server.handle_exit(signal.SIGTERM, None)
        await serving
        return seen

    # Each look reads the clock once.
    assert asyncio.run(dates()) == [formatdate(second, usegmt=True).encode() for second in range(3)]
