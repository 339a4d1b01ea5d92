"""A page with a bell, and its service worker as the browser's own tools see and wake it."""

from __future__ import annotations

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

#: The service of which the browser tells when a worker is done with a message.
PUSHES = "pushMessaging"


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
        self._done = 0
        self._session.on("BackgroundService.backgroundServiceEventReceived", self._heard)
        self._session.send("BackgroundService.startObserving", {"service": PUSHES})
        self._session.send("BackgroundService.setRecording", {"service": PUSHES, "shouldRecord": True})

    def _updated(self, told: dict[str, Any]) -> None:
        self._versions |= {version["versionId"]: version for version in told["versions"]}

    def _heard(self, told: dict[str, Any]) -> None:
        event = told["backgroundServiceEvent"]
        self._done += (event["service"], event["eventName"]) == (PUSHES, "Push event completed")

    def _listen(self) -> None:
        # The driver hears of events while it is asked something.
        self._page.evaluate("0")

    def _each(self, member: str) -> set[str]:
        self._listen()
        return {version[member] for version in self._versions.values()}

    def until_active(self) -> None:
        """Return when it is installed: one that is stopped before never comes to be."""
        wait_until(lambda: self._each("status") == {"activated"})

    def stop(self) -> None:
        self._session.send("ServiceWorker.stopAllWorkers")
        wait_until(lambda: self._each("runningStatus") == {"stopped"})

    def push(self, origin: str, *messages: bytes) -> None:
        """Push all, and return when the worker is done with them."""
        [registration] = {version["registrationId"] for version in self._versions.values()}
        awaited = self._done + len(messages)
        for data in messages:
            given = {"origin": origin, "registrationId": registration, "data": data.decode()}
            self._session.send("ServiceWorker.deliverPushMessage", given)

        def is_done() -> bool:
            self._listen()
            return self._done >= awaited

        wait_until(is_done)

    def shown(self) -> list[dict[str, Any]]:
        """The notifications that are shown.

        Not to be asked while one is on its way: Chromium notes a notification before it shows it, and whoever
        asks meanwhile makes it forget that one.
        """
        told: list[dict[str, Any]] = self._page.evaluate(
            """async () => {
              const registration = await navigator.serviceWorker.getRegistration();
              const shown = await registration.getNotifications();
              return shown.map(({ title, body, data }) => ({ title, body, data }));
            }"""
        )
        return told
