"""Pages of the tests' own, served by a real gateway beside the modules, and tasks whose life a test tells."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.support.gateway import ROOT, gateway
from tests.support.journal import Journals
from tests.support.results import control, names, subscribers_of
from tests.support.telling import ToldTask
from tests.support.tokens import PUSHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

    from stack.valkey import Valkey

PAGES = Path(__file__).with_name("pages")

#: Nothing but our own modules, and no string that becomes code or markup.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "require-trusted-types-for 'script'"
)

#: A page as a server renders it: attributes only, and one script tag.
TEMPLATE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="{policy}">
    <title>Tasks</title>
    <link rel="icon" href="/favicon.svg" data-unseen="/favicon-unseen.svg">
    <link rel="stylesheet" href="/pages/page.css">
    {head}
  </head>
  <body><main><h1>Tasks</h1>{body}</main></body>
</html>
"""

#: A module's name, its file in node_modules, what it requires, and what of it is exported by name.
REACT: tuple[tuple[str, str, dict[str, str], str], ...] = (
    (
        "react",
        "react/cjs/react.development.js",
        {},
        "createElement, memo, StrictMode, useCallback, useEffect, useMemo, useState, useSyncExternalStore",
    ),
    ("scheduler", "scheduler/cjs/scheduler.development.js", {}, ""),
    ("react-dom", "react-dom/cjs/react-dom.development.js", {"React": "react"}, ""),
    (
        "react-dom-client",
        "react-dom/cjs/react-dom-client.development.js",
        {"React": "react", "Scheduler": "scheduler", "ReactDOM": "react-dom"},
        "createRoot",
    ),
)

ELEMENT = '<script type="module" src="/element/index.js"></script>'


def markup(task: ToldTask, attributes: str = "", content: str = "") -> str:
    """An element as a server renders it."""
    return f'<task-progress task-id="{task.id}" label="Report" {attributes}>{content}</task-progress>'


def steps(*told: tuple[str, str], **more: Any) -> list[dict[str, Any]]:
    """Steps of a task, by name and state; all of them took two seconds. ``more``: members of the last."""
    began = time.time() - 60
    found = [
        {"name": name, "state": state, "began": began} | ({} if state == "running" else {"ended": began + 2})
        for name, state in told
    ]
    found[-1] |= more
    return found


@dataclass
class Gallery:
    """``address`` is the gateway's origin, ``folder`` what it serves."""

    address: str
    folder: Path
    journals: Journals
    _numbers: Iterator[int] = field(default_factory=count)

    def task(self, **sent: Any) -> ToldTask:
        """A task that was just sent."""
        return ToldTask(self.journals.writer, str(uuid4()), **sent)

    def show(self, page: Page, task: ToldTask, attributes: str = "", content: str = "") -> Locator:
        """The element of a page that has nothing else."""
        page.goto(self.page(markup(task, attributes, content)))
        return page.locator("task-progress")

    def followers(self, task: ToldTask) -> int:
        """How many gateways are subscribed to the task."""
        return subscribers_of(self.journals.redis, names(task.id).channel)

    def page(self, body: str, head: str = ELEMENT, policy: str = POLICY) -> str:
        """The URL of a page with this body."""
        name = f"page-{next(self._numbers)}.html"
        (self.folder / name).write_text(TEMPLATE.format(body=body, head=head, policy=policy))
        return f"{self.address}/{name}"

    def add_react(self) -> None:
        """Serve React, whose packages are CommonJS, as modules: each file between a few lines of ours."""
        (self.folder / "vendor").mkdir()
        for name, file, imports, exports in REACT:
            lines = [f"import {each} from './{module}.js';" for each, module in imports.items()]
            modules = ", ".join(f'"{module}": {each}' for each, module in imports.items())
            lines += [
                'const process = { env: { NODE_ENV: "development" } };',
                "const module = { exports: {} }, exports = module.exports;",
                f"const require = (name) => ({{ {modules} }})[name];",
                (ROOT / "node_modules" / file).read_text(),
                "export default module.exports;",
                f"export const {{ {exports} }} = module.exports;",
            ]
            (self.folder / "vendor" / f"{name}.js").write_text("\n".join(lines))
        for importing in ("react.js", "react/store.js", "react/task.js", "pages/react-app.js"):
            module = self.folder / importing
            if not module.exists():
                continue  # the bundle has one module for the hook
            # An import map would do the same, but the gateway's policy allows nothing inline.
            vendor = "../vendor" if "/" in importing else "./vendor"
            module.write_text(re.sub(r'from ?"(react[\w-]*)"', rf'from "{vendor}/\1.js"', module.read_text()))
            for packed in module.parent.glob(f"{module.name}.*"):
                packed.unlink()  # it has the old text


@contextmanager
def gallery(
    valkey: Valkey, folder: Path, *, bundled: bool = False, dashboard: bool = False
) -> Iterator[Gallery]:
    """Serve a copy of the modules (no link out of the folder would be followed), or the bundles of them.

    ``dashboard``: it is there, too, and it is nobody's turn to tell what happens: the tests do.
    """
    if bundled:
        bundler = [Path(sys.executable).with_name("node"), ROOT / "frontend/tools/bundle.js"]
        subprocess.run([*bundler, folder], check=True)
        subprocess.run([*bundler, "--page", folder], check=True)
    else:
        shutil.copytree(ROOT / "frontend", folder, dirs_exist_ok=True)
    shutil.copytree(PAGES, folder / "pages")
    url = valkey.url().removesuffix("/0")
    with Journals(valkey.url(1)) as journals:
        if dashboard:
            journals.redis.set(control().dashboard, "tests")
        with gateway(url, frontend_dir=folder, dashboard=dashboard, **PUSHING) as running:
            yield Gallery(running.http, folder, journals)
