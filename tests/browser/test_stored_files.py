"""What a job stored, in a real browser: it runs nothing, and is embedded by nobody else's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import PATHS, gateway
from tests.support.journal import Journals
from tests.support.site import site
from tests.support.waiting import wait_until
from tests.worker.pictures import encoded, gradient

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from stack.valkey import Valkey

#: Each asks for an address when it runs.
RUNS = "new Image().src = '/ran'; fetch('/ran')"
STORED = {
    "page.html": f'<!doctype html><script>{RUNS}</script><body onload="{RUNS}"><img src=x onerror="{RUNS}">',
    "page.xhtml": f"<html xmlns='http://www.w3.org/1999/xhtml'><script>{RUNS}</script></html>",
    "drawing.svg": f"<svg xmlns='http://www.w3.org/2000/svg'><script>{RUNS}</script></svg>",
    "data.xml": f"<x xmlns:h='http://www.w3.org/1999/xhtml'><h:script>{RUNS}</h:script></x>",
    "form.html": "<form action='/ran'></form><script>document.forms[0].submit()</script>",
}

#: In a page: whether a picture is shown.
SHOW = """([url, cors]) => new Promise(resolve => {
  const image = new Image();
  if (cors) image.crossOrigin = "anonymous";
  image.onload = () => resolve(true);
  image.onerror = () => resolve(false);
  image.src = url;
})"""

FRAME = """url => {
  const frame = document.createElement("iframe");
  frame.src = url;
  document.body.append(frame);
}"""


@pytest.mark.parametrize("path", PATHS)
def test_it_runs_nothing_and_is_embedded_by_no_other_site(
    browser: Browser, valkey: Valkey, tmp_path: Path, path: str
) -> None:
    files, pages = tmp_path / "files", tmp_path / "pages"
    for folder in (files, pages):
        folder.mkdir()
    (pages / "index.html").write_text("<!doctype html><title>another site</title>")
    for name, text in STORED.items():
        (files / name).write_text(text)
    (files / "sky.png").write_bytes(encoded(gradient(8, 8), "PNG"))
    with (
        site(pages) as friend,
        site(pages) as foreign,
        Journals(valkey.url(1)) as journals,
        gateway(
            valkey.url().removesuffix("/0"), path, files_dir=files, allowed_origins=f'["{friend}"]'
        ) as served,
        browser.new_context() as context,
    ):
        task = journals.task()
        task.append(files=[*STORED, "sky.png"])
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        for below in (f"{served.http}/files/", f"{served.http}/tasks/{task.id}/files/"):
            # A page that may be framed is shown by ours; each file is for the disk instead.
            tab = context.new_page()
            tab.goto(f"{served.http}/docs")
            for name in STORED:
                with tab.expect_download() as download:
                    tab.evaluate("url => void (location.href = url)", below + name)
                assert download.value.suggested_filename == name
                with tab.expect_download():
                    tab.evaluate(FRAME, below + name)
            assert tab.url == f"{served.http}/docs"
            tab.close()
            sky = below + "sky.png"
            for origin, cors, shown in (
                (served.http, False, True),
                (foreign, False, False),
                (foreign, True, False),
                (friend, False, False),
                (friend, True, True),
            ):
                tab = context.new_page()
                tab.goto(origin)
                assert tab.evaluate(SHOW, [sky, cors]) is shown, (origin, cors)
                tab.close()
        wait_until(lambda: any(url.endswith("sky.png") for url in asked))
        assert [url for url in asked if "/ran" in url] == []
