"""Whatever the network does, the client ends with the journal's events: in order, none missing or twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .watching import watching

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.journal import Task
    from tests.support.proxy import Kind, Proxy

    from .watching import Watching


def assert_all_was_seen(seen: Watching, task: Task) -> None:
    """The watch has ended with what is in the journal."""
    seen.wait_for_end()
    assert seen.events == [json.loads(body) for body in task.bodies()]


@pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
def test_a_connection_that_is_killed_is_made_again_from_the_cursor(
    tab: Page, proxy: Proxy, task: Task, transport: Kind
) -> None:
    seen = watching(tab, task, transport=transport)
    for _ in range(2):
        task.grow(2)
        seen.wait_for_events(len(task.records()))
        proxy.cut(transport)
        task.append("while the line was cut")
    task.finish()
    assert_all_was_seen(seen, task)
    assert proxy.opened[transport] >= 3


def test_a_blocked_websocket_is_an_event_stream(tab: Page, proxy: Proxy, task: Task) -> None:
    proxy.refused = {"websocket"}
    seen = watching(tab, task)
    seen.wait_for_line("live", "sse")
    task.grow(3)
    task.finish()
    assert_all_was_seen(seen, task)


def test_a_blocked_websocket_and_a_stream_that_is_held_back_are_polling(
    tab: Page, proxy: Proxy, task: Task
) -> None:
    proxy.refused, proxy.buffered = {"websocket"}, {"sse"}
    seen = watching(tab, task)
    task.grow(3)
    seen.wait_for_events(4)
    assert seen.lines[-1] == "live poll"
    task.finish()
    assert_all_was_seen(seen, task)


def test_a_task_goes_on_when_its_websocket_is_blocked_in_the_middle(
    tab: Page, proxy: Proxy, task: Task
) -> None:
    seen = watching(tab, task)
    seen.wait_for_line("live", "websocket")
    task.grow(2)
    seen.wait_for_events(3)
    proxy.refused = {"websocket"}
    proxy.cut("websocket")
    task.grow(2)
    seen.wait_for_line("live", "sse")
    task.grow(2)
    task.finish()
    assert_all_was_seen(seen, task)


def test_a_websocket_that_falls_silent_is_left(tab: Page, proxy: Proxy, task: Task) -> None:
    seen = watching(tab, task)
    seen.wait_for_events(1)
    proxy.stall("websocket")
    task.grow(2)
    tab.evaluate("dispatchEvent(new Event('online'))")  # it asks for a sign of life at once, and not in 15 s
    seen.wait_for_events(3)
    task.finish()
    assert_all_was_seen(seen, task)


def test_one_hops_by_hand_and_keeps_the_cursor(tab: Page, task: Task) -> None:
    seen = watching(tab, task)
    for transport in ("sse", "poll", "websocket", "auto"):
        task.append(transport)
        seen.wait_for_events(len(task.records()))
        seen.call("use", transport)
    seen.wait_for_line("live", "websocket")
    task.finish()
    assert_all_was_seen(seen, task)


def test_it_climbs_back_when_the_websocket_works_again(tab: Page, proxy: Proxy, task: Task) -> None:
    proxy.refused = {"websocket"}
    seen = watching(tab, task)
    seen.wait_for_line("live", "sse")
    task.append("over the stream")
    seen.wait_for_events(2)
    proxy.refused = set()
    tab.evaluate("dispatchEvent(new Event('online'))")
    seen.wait_for_line("live", "websocket")
    assert "waiting sse" not in seen.lines, "the stream went on until the WebSocket had shown that it works"
    task.finish()
    assert_all_was_seen(seen, task)


def test_a_task_that_has_ended_has_its_result(tab: Page, task: Task) -> None:
    last = task.finish()
    seen = watching(tab, task, after=str(last))
    seen.wait_for_end()
    assert (seen.events, seen.outcome) == ([], {"result": None})


@pytest.mark.parametrize("transport", ["auto", "sse", "poll"])
def test_an_id_that_nobody_sent_is_told(tab: Page, transport: str) -> None:
    seen = watching(tab, "nobody-sent-it", transport=transport)
    seen.wait_for_end()
    assert seen.outcome == {"code": "unknown_task"}
    assert seen.lines[-1].startswith("gone ")


def test_a_gap_is_told_and_the_stream_goes_on(tab: Page, task: Task) -> None:
    ids = task.grow(3)
    seen = watching(tab, task, after=f"{ids[0].epoch - 1}-7")
    seen.wait_for_events(5)
    assert [event["type"] for event in seen.events] == ["gap", "state", "progress", "progress", "progress"]
    task.finish()
    seen.wait_for_end()
