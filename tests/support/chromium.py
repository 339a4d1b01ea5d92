"""Debian's Chromium, headless, driven by playwright.

``python -m tests.support.chromium`` installs it where it is missing, with Debian's package manager,
and the D-Bus by which it shows notifications.

The shell is the same engine without the browser's own windows: a context takes a fifth of the CPU there.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, expect, sync_playwright

from stack.ports import kept_port

from .debian import install
from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import BrowserContext

NAMES = ("chromium", "chromium-browser", "google-chrome")
SHELLS = ("chromium-headless-shell", "chrome-headless-shell")

#: Chromium's own sandbox needs privileges that a container does not have.
ARGUMENTS = ("--no-sandbox",)


def find() -> str | None:
    """The path of an installed Chromium."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def find_shell() -> str | None:
    """The path of an installed headless shell."""
    return next(filter(None, map(shutil.which, SHELLS)), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, closed when the block ends. What is expected of its pages has as long as anything else.

    Raises:
        RuntimeError: there is no Chromium.
    """
    path = find_shell() or find()
    if path is None:
        raise RuntimeError("no Chromium: run `python -m tests.support.chromium`")
    expect.set_options(timeout=DEADLINE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def notifying(browser: Browser) -> Iterator[Browser]:
    """Another browser, with the same driver, that can notify: the shell allows no page to."""
    launched = browser.browser_type.launch(executable_path=find(), args=list(ARGUMENTS))
    try:
        yield launched
    finally:
        launched.close()


def patient(context: BrowserContext) -> BrowserContext:
    """The same, in which whatever is done to a page has as long as what is expected of it."""
    context.set_default_timeout(DEADLINE * 1000)
    return context


@contextmanager
def sleepy(browser: Browser, environment: Mapping[str, str] | None = None) -> Iterator[BrowserContext]:
    """Another browser, with the same driver, that hides and freezes pages and keeps those that one leaves.

    A driver's own pages are always visible, so they are never frozen, and the back/forward cache is off.

    ``environment``: more variables for it.
    """
    with kept_port() as port:
        launched = browser.browser_type.launch(
            executable_path=find(),
            args=[*ARGUMENTS, f"--remote-debugging-port={port}"],
            ignore_default_args=["--disable-back-forward-cache"],
            env={**os.environ, **(environment or {})},
        )
        try:
            attached = browser.browser_type.connect_over_cdp(f"http://127.0.0.1:{port}", no_defaults=True)
            yield patient(attached.contexts[0])
            attached.close()
        finally:
            launched.close()


if __name__ == "__main__":
    missing = [
        package
        for package, found in (
            ("chromium", find()),
            ("chromium-headless-shell", find_shell()),
            ("dbus-daemon", shutil.which("dbus-daemon")),
        )
        if found is None
    ]
    if missing:
        install(*missing)
    sys.exit(find() is None)
