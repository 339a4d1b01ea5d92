"""A tab that watches a task, and what it was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.support.journal import Task

#: Seconds; the machine does other things, too.
PATIENCE = 60.0

_WATCH = """
async ([taskId, options, module]) => {
  const { watch } = await import(module);
  const seen = { events: [], lines: [], watch: watch(taskId, options), outcome: null };
  seen.watch.addEventListener("event", ({ detail }) => seen.events.push(detail));
  seen.watch.addEventListener("line", ({ detail }) => seen.lines.push(`${detail.line} ${detail.transport}`));
  seen.watch.result.then((result) => (seen.outcome = { result }), ({ code }) => (seen.outcome = { code }));
  (window.seen ??= {})[taskId] = seen;
}
"""


@dataclass(frozen=True)
class Watching:
    """One watch in one tab."""

    page: Page
    task_id: str

    @property
    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.page.evaluate("id => seen[id].events", self.task_id)
        return found

    @property
    def sequences(self) -> list[int]:
        """The events' numbers within their epoch."""
        return [int(event["id"].split("-")[1]) for event in self.events]

    @property
    def lines(self) -> list[str]:
        """How the line changed: its state and transport."""
        found: list[str] = self.page.evaluate("id => seen[id].lines", self.task_id)
        return found

    @property
    def outcome(self) -> dict[str, Any] | None:
        """``result``, or the error's ``code``."""
        found: dict[str, Any] | None = self.page.evaluate("id => seen[id].outcome", self.task_id)
        return found

    def wait_for(self, condition: str) -> None:
        """Return when a JavaScript expression about `seen` holds."""
        # Asked from here, for a hidden page's own clock is slow.
        holds = f"id => {{ const {{ events, lines, watch, outcome }} = seen[id]; return {condition}; }}"
        wait_until(lambda: bool(self.page.evaluate(holds, self.task_id)), deadline=PATIENCE)

    def wait_for_events(self, count: int) -> None:
        self.wait_for(f"events.length >= {count}")

    def wait_for_line(self, line: str, transport: str) -> None:
        self.wait_for(f"watch.line === '{line}' && watch.transport === '{transport}'")

    def wait_for_end(self) -> None:
        self.wait_for("outcome !== null")

    def call(self, method: str, *arguments: object) -> None:
        """Call a method of the watch, and wait until it is done."""
        self.page.evaluate(
            "async ([id, method, args]) => void (await seen[id].watch[method](...args))",
            [self.task_id, method, list(arguments)],
        )


def freeze(page: Page) -> Callable[[], None]:
    """Freeze a tab, as browsers do with those that nobody looks at; returns how to wake it."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})

    def wake() -> None:
        devtools.send("Page.setWebLifecycleState", {"state": "active"})

    return wake


def watching(
    page: Page, task: Task | str, *, module: str = "/client/index.js", **options: object
) -> Watching:
    """Begin to watch; the page is one of the origin that has the ``module``."""
    task_id = task if isinstance(task, str) else task.id
    page.evaluate(_WATCH, [task_id, options, module])
    return Watching(page, task_id)
