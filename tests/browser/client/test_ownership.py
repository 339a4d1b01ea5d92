"""The client where tokens are asked for: a stream outlives its first token, and a stranger learns nothing."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import Gateway, gateway
from tests.support.tokens import TOKENS, sign
from tests.support.waiting import wait_until

from .watching import Watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page

    from stack.valkey import Valkey
    from tests.support.journal import Task

#: Seconds; the client asks for another one before.
LIFE = 4.0

_WATCH = """
async ([taskId, transport]) => {
  const { watch } = await import("/client/index.js");
  const seen = { events: [], lines: [], outcome: null };
  seen.watch = watch(taskId, { transport, getToken: (id) => signed(id) });
  seen.watch.addEventListener("event", ({ detail }) => seen.events.push(detail));
  seen.watch.result.then((result) => (seen.outcome = { result }), ({ code }) => (seen.outcome = { code }));
  window.seen = { [taskId]: seen };
}
"""


@pytest.fixture(scope="module")
def asking(valkey: Valkey, folder: Path) -> Iterator[Gateway]:
    """A gateway that asks for tokens."""
    with gateway(valkey.url().removesuffix("/0"), frontend_dir=folder, **TOKENS) as running:
        yield running


@pytest.fixture
def stranger(profile: BrowserContext, asking: Gateway) -> Page:
    """A tab with an empty page, whose application signs no tokens yet."""
    page = profile.new_page()
    page.goto(asking.http)
    return page


@pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
def test_a_stream_outlives_its_first_token(stranger: Page, task: Task, transport: str) -> None:
    ends: list[float] = []

    def signed(task_id: str) -> str:
        ends.append(time.time() + LIFE)
        return sign(tasks=[task_id], exp=ends[-1])

    stranger.expose_function("signed", signed)
    stranger.evaluate(_WATCH, [task.id, transport])
    seen = Watching(stranger, task.id)
    seen.wait_for_events(1)
    task.grow(1)
    wait_until(lambda: stranger.evaluate("Date.now()") / 1000 > ends[0] + 1 and len(ends) > 1)
    task.grow(1)
    task.finish()
    seen.wait_for_end()
    assert seen.events == [json.loads(body) for body in task.bodies()]


@pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
def test_a_token_for_another_task_shows_nothing(stranger: Page, task: Task, transport: str) -> None:
    stranger.expose_function("signed", lambda _: sign(tasks=["another"]))
    stranger.evaluate(_WATCH, [task.id, transport])
    seen = Watching(stranger, task.id)
    seen.wait_for_end()
    assert (seen.outcome, seen.events) == ({"code": "unknown_task"}, [])
