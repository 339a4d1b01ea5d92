"""A tab that watches a feed, and how its tasks stand there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.waiting import wait_until

from .watching import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playwright.sync_api import Page

    from tests.support.journal import Task

_WATCH = """
async ([feed, options]) => {
  const { watchFeed } = await import("/client/index.js");
  const { token } = options;
  const watch = watchFeed(feed, { ...options, ...(token && { getToken: () => token }) });
  const seen = { watch, events: [], lines: [] };
  watch.addEventListener("event", ({ detail }) => seen.events.push(detail));
  watch.addEventListener("line", ({ detail }) => seen.lines.push(`${detail.line} ${detail.transport}`));
  window.feeds ??= [];
  return feeds.push(seen) - 1;
}
"""


@dataclass(frozen=True)
class FeedWatching:
    """One watch of a feed in one tab."""

    page: Page
    number: int

    def get(self, expression: str) -> Any:
        """What a JavaScript expression about ``watch``, ``events`` and ``lines`` is."""
        return self.page.evaluate(
            f"number => {{ const {{ watch, events, lines }} = feeds[number]; return {expression}; }}",
            self.number,
        )

    def wait_for(self, expression: str) -> None:
        """Return when the expression holds."""
        wait_until(lambda: bool(self.get(expression)), deadline=PATIENCE)

    def wait_for_line(self, line: str, transport: str) -> None:
        self.wait_for(f"watch.line === '{line}' && watch.transport === '{transport}'")

    @property
    def tasks(self) -> list[tuple[str, str]]:
        """Id and state of each, the newest first."""
        return [tuple(each) for each in self.get("watch.tasks.map(({ taskId, state }) => [taskId, state])")]

    def wait_for_tasks(self, *expected: tuple[Task, str]) -> None:
        """Return when these are its tasks, the newest first."""
        wanted = [(task.id, state) for task, state in expected]
        wait_until(lambda: self.tasks == wanted, deadline=PATIENCE)


def watching_feed(page: Page, feed: str, *, transport: str = "auto", **options: object) -> FeedWatching:
    """Begin to watch; the page is one of the gateway's origin."""
    return FeedWatching(page, page.evaluate(_WATCH, [feed, {"transport": transport, **options}]))


def assert_same(watches: Sequence[FeedWatching]) -> None:
    """All of them end with the same tasks and the same counts."""
    first, *others = ((each.tasks, each.get("watch.rollup")) for each in watches)
    assert all(other == first for other in others)
