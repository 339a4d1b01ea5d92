"""What a first visit to an installed gateway costs until its first event is seen: requests and bytes.

How long that takes on a slow network is measured by ``python -m benchmarks.first_event``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from benchmarks.first_event import MESSAGE, pages
from benchmarks.visit import visit

from .gallery import gallery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser, Page, Route

    from stack.valkey import Valkey

#: Its scripts and styles; how many requests there are at the most, data and pictures too; and KB of all.
LOADED = {
    "client": (["/client.js", "/client/index.js", "/pages/page.css"], 5, 12),
    "element": (["/element/index.js", "/pages/page.css"], 4, 16),
    "page": (["/page/chunk.js", "/page/early.js", "/page/page.css", "/page/page.js"], 8, 48),
}


@pytest.fixture(scope="module")
def addresses(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with gallery(valkey, tmp_path_factory.mktemp("gallery") / "frontend", bundled=True) as running:
        yield pages(running)


@pytest.mark.parametrize("name", LOADED)
def test_a_first_visit(browser: Browser, addresses: Mapping[str, str], name: str) -> None:
    loaded, requests, most = LOADED[name]
    seen = visit(browser, addresses[name], MESSAGE)
    asked = sorted(re.sub(r"-[A-Z0-9]{8}\.", ".", path) for path in seen.paths)
    found = [path for path in asked if path != "/page/late.js"]  # before the event, or after
    assert [path for path in found if path.endswith((".js", ".css"))] == loaded
    assert len(found) <= requests
    assert seen.bytes <= most * 1024


def test_the_live_page_connects_while_its_script_is_on_its_way(
    page: Page, addresses: Mapping[str, str]
) -> None:
    sockets: list[str] = []
    held: list[Route] = []
    script = re.compile(r"/page/page-\w+\.js")
    second = page.context.new_page()
    for tab in (page, second):
        tab.on("websocket", lambda socket: sockets.append(socket.url))
    page.route(script, lambda route: held.append(route))
    with page.expect_websocket(), page.expect_request(script):
        page.goto(addresses["page"], wait_until="commit")
    held[0].continue_()
    expect(page.get_by_text(MESSAGE).first).to_be_visible()
    # One connection is enough for all tabs.
    second.goto(addresses["page"])
    expect(second.get_by_text(MESSAGE).first).to_be_visible()
    assert len(sockets) == 1


_TWICE = """
async (taskId) => {
  const paths = ["/client/index.js", "/client/index.js?again"];
  const copies = await Promise.all(paths.map((path) => import(path)));
  for (const { watch } of copies) {
    const seen = watch(taskId, { share: false });
    await new Promise((resolve) => seen.addEventListener("progress", resolve));
  }
  const [one, other] = copies;
  return [one.watch !== other.watch, new one.TaskError("a", "b") instanceof other.TaskError];
}
"""


def test_files_with_a_client_each_share_one_connection(page: Page, addresses: Mapping[str, str]) -> None:
    address, _, task_id = addresses["client"].partition("#")
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(urljoin(address, "/favicon.svg"))  # no page that follows something itself
    assert page.evaluate(_TWICE, task_id) == [True, True]
    assert len(sockets) == 1
