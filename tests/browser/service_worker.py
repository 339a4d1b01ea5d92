"""A page with a bell, and its service worker as the browser's own tools see and wake it."""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING, Any

from tests.support.waiting import wait_until

from .gallery import ELEMENT

if TYPE_CHECKING:
    from playwright.sync_api import Page

HEAD = ELEMENT + '<script type="module" src="/notify/index.js"></script>'

#: A driver's profile has no push service, so the subscription is the test's; all else is Chromium's.
SUBSCRIBES = """
PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
  window.subscribedWith = applicationServerKey;
  return { toJSON: () => (%s) };
};
"""

#: Seconds until something is pushed once more.
AGAIN = 10.0


def bell(task_id: str) -> str:
    return f'<task-bell task-id="{task_id}"></task-bell>'


class ServiceWorker:
    """The page's service worker, as the browser's own tools show and wake it."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._versions: dict[str, Any] = {}
        self._session.on("ServiceWorker.workerVersionUpdated", self._updated)
        self._session.send("ServiceWorker.enable")

    def _updated(self, told: dict[str, Any]) -> None:
        self._versions |= {version["versionId"]: version for version in told["versions"]}

    def _each(self, member: str) -> set[str]:
        # The driver hears of events while it is asked something.
        self._page.evaluate("0")
        return {version[member] for version in self._versions.values()}

    def until_active(self) -> None:
        """Return when it is installed: one that is stopped before never comes to be."""
        wait_until(lambda: self._each("status") == {"activated"})

    def stop(self) -> None:
        self._session.send("ServiceWorker.stopAllWorkers")
        wait_until(lambda: self._each("runningStatus") == {"stopped"})

    def push(self, origin: str, data: bytes) -> None:
        [registration] = {version["registrationId"] for version in self._versions.values()}
        given = {"origin": origin, "registrationId": registration, "data": data.decode()}
        self._session.send("ServiceWorker.deliverPushMessage", given)

    def push_until(self, shown: int, origin: str, data: bytes) -> None:
        """Push until so many notifications are shown: a busy Chromium may lose a push of the driver."""
        began = -inf

        def is_shown() -> bool:
            nonlocal began
            if time.monotonic() - began > AGAIN:
                began = time.monotonic()
                self.push(origin, data)
            return len(self.shown()) >= shown

        wait_until(is_shown)

    def shown(self) -> list[dict[str, Any]]:
        """The notifications that are shown."""
        told: list[dict[str, Any]] = self._page.evaluate(
            """async () => {
              const registration = await navigator.serviceWorker.getRegistration();
              const shown = await registration.getNotifications();
              return shown.map(({ title, body, data }) => ({ title, body, data }));
            }"""
        )
        return told
