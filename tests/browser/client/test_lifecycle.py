"""What happens to a page in its life: reloaded, left and come back to, frozen, without a network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_until

from .watching import Watching, freeze, watching

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.journal import Task
    from tests.support.proxy import Proxy


def journal(task: Task) -> list[object]:
    return [json.loads(body) for body in task.bodies()]


@pytest.mark.parametrize("share", [True, False])
def test_a_reload_goes_on_from_a_kept_cursor(tab: Page, task: Task, share: bool) -> None:
    seen = watching(tab, task, share=share)
    task.grow(2)
    seen.wait_for_events(3)
    before = seen.events
    tab.reload()
    task.grow(2)
    again = watching(tab, task, share=share, after=before[-1]["id"])
    task.finish()
    again.wait_for_end()
    assert before + again.events == journal(task)


@pytest.mark.parametrize("share", [True, False])
def test_a_frozen_tab_misses_nothing(sleeper: Page, proxy: Proxy, task: Task, share: bool) -> None:
    seen = watching(sleeper, task, share=share)
    seen.wait_for_events(1)
    wake = freeze(sleeper)
    wait_until(lambda: proxy.live("websocket") == 0)
    task.grow(3)
    task.finish()
    assert len(seen.events) == 1
    wake()
    seen.wait_for_end()
    assert seen.events == journal(task)


def test_a_page_without_a_network_comes_back(tab: Page, proxy: Proxy, task: Task) -> None:
    seen = watching(tab, task)
    seen.wait_for_events(1)
    tab.context.set_offline(True)
    proxy.cut("websocket")
    seen.wait_for("lines.includes('offline websocket')")
    task.grow(2)
    tab.context.set_offline(False)
    seen.wait_for_events(3)
    task.finish()
    seen.wait_for_end()
    assert seen.events == journal(task)


#: Chromium alone also says `freeze` and `resume`; every browser says `pageshow`.
_AS_OTHERS = """() => { for (const type of ["freeze", "resume"])
    document.addEventListener(type, (event) => event.stopImmediatePropagation(), true); }"""


@pytest.mark.parametrize("share", [True, False])
def test_a_page_that_is_come_back_to_missed_nothing(
    sleeper: Page, proxy: Proxy, task: Task, share: bool
) -> None:
    sleeper.evaluate(_AS_OTHERS)
    seen = watching(sleeper, task, share=share)
    seen.wait_for_events(1)
    sleeper.evaluate("addEventListener('pageshow', ({ persisted }) => (window.persisted = persisted))")
    sleeper.goto(proxy.http + "/client/index.js")
    wait_until(lambda: proxy.live("websocket") == 0)
    task.grow(3)
    sleeper.go_back(wait_until="commit")
    seen = Watching(sleeper, task.id)
    seen.wait_for_events(4)
    assert sleeper.evaluate("persisted"), "the page was kept, not loaded again"
    task.finish()
    seen.wait_for_end()
    assert seen.events == journal(task)
