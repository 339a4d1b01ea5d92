"""Where the client runs: in a worker, against another origin, and in Node with and without a WebSocket."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import ROOT, Gateway

from .watching import watching

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.support.journal import Task

_IN_A_WORKER = """
(taskId) => new Promise((resolve, reject) => {
  const worker = new Worker("/worker.js", { type: "module", name: taskId });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message));
})
"""

_IN_NODE = """
import { watch } from "./frontend/client/index.js";
const [taskId, baseUrl, without] = process.argv.slice(1);
if (without) delete globalThis[without];
const watching = watch(taskId, { baseUrl });
const events = [];
for await (const event of watching) events.push(event);
console.log(JSON.stringify({ events, transport: watching.transport }));
"""


def journal(task: Task) -> list[object]:
    return [json.loads(body) for body in task.bodies()]


def test_in_a_worker(tab: Page, task: Task) -> None:
    task.grow(2)
    task.finish()
    assert tab.evaluate(_IN_A_WORKER, task.id) == journal(task)


@pytest.mark.parametrize("transport", ["websocket", "sse", "poll"])
def test_from_another_origin(
    profile: BrowserContext, elsewhere: str, served: Gateway, task: Task, transport: str
) -> None:
    tab = profile.new_page()
    tab.goto(elsewhere)
    seen = watching(tab, task, baseUrl=served.http, transport=transport)
    seen.wait_for_line("live", transport)
    task.grow(2)
    task.finish()
    seen.wait_for_end()
    assert seen.events == journal(task)


@pytest.mark.parametrize(("without", "transport"), [("", "websocket"), ("WebSocket", "sse")])
def test_in_node(served: Gateway, task: Task, without: str, transport: str) -> None:
    node = Path(sys.executable).with_name("node")
    command = [str(node), "--input-type=module", "-e", _IN_NODE, task.id, served.http, without]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        task.wait_for_subscribers()
        task.grow(2)
        task.finish()
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(told) == {"events": journal(task), "transport": transport}
