"""A token is asked for, shown, and renewed before its end, while the stream goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .watching import Watching

if TYPE_CHECKING:
    from playwright.sync_api import Page, WebSocket

    from tests.support.journal import Task

_WATCH_WITH_TOKENS = """
async ([taskId, life]) => {
  const { watch } = await import("/client/index.js");
  const seen = { events: [], lines: [], tokens: [], outcome: null };
  const getToken = (id) => {
    if (seen.tokens.length === 0 && !seen.failed) {
      seen.failed = true;
      throw new Error("the application's server is away");
    }
    const exp = Date.now() / 1000 + life;
    seen.tokens.push(`h.${btoa(JSON.stringify({ exp, id, n: seen.tokens.length }))}.s`);
    return seen.tokens.at(-1);
  };
  seen.watch = watch(taskId, { getToken });
  seen.watch.addEventListener("event", ({ detail }) => seen.events.push(detail));
  seen.watch.addEventListener("line", ({ detail }) => seen.lines.push(`${detail.line} ${detail.transport}`));
  seen.watch.result.then((result) => (seen.outcome = { result }), ({ code }) => (seen.outcome = { code }));
  (window.seen ??= {})[taskId] = seen;
}
"""


def test_a_token_is_renewed_on_the_live_socket(tab: Page, task: Task) -> None:
    sent: list[dict[str, Any]] = []

    def opened(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(json.loads(frame)))

    tab.on("websocket", opened)
    tab.evaluate(_WATCH_WITH_TOKENS, [task.id, 2])
    seen = Watching(tab, task.id)
    seen.wait_for_events(1)
    task.grow(2)
    seen.wait_for(f"seen['{task.id}'].tokens.length >= 3")
    task.grow(2)
    task.finish()
    seen.wait_for_end()
    assert seen.events == [json.loads(body) for body in task.bodies()]
    assert seen.lines.count("live websocket") == 1, "the socket stayed"
    tokens = tab.evaluate("id => seen[id].tokens", task.id)
    shown = [message["token"] for message in sent if message["op"] == "subscribe"]
    assert shown == tokens[: len(shown)]
    assert len(shown) >= 3
