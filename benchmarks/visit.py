"""One visit of a browser, on a network of a given speed: what it asked for, and when it showed a text."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.support.chromium import patient

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession


@dataclass(frozen=True, slots=True)
class Network:
    """``latency`` in milliseconds for each round trip, ``speed`` in bytes per second, both ways."""

    latency: float
    speed: float

    def emulate(self, session: CDPSession) -> None:
        """Make the tab's network so slow."""
        parameters = {
            "latency": self.latency,
            "downloadThroughput": self.speed,
            "uploadThroughput": self.speed,
        }
        session.send("Network.emulateNetworkConditions", {"offline": False, **parameters})


@dataclass(slots=True)
class Visit:
    """Until the text was seen: ``seconds``, the paths that were asked for in order, and bytes that came."""

    seconds: float = 0.0
    paths: list[str] = field(default_factory=list)
    bytes: int = 0

    def listen(self, session: CDPSession) -> None:
        """Count what the tab asks for, WebSockets too, and what comes; heads as well as bodies."""

        def asked(request: dict[str, Any]) -> None:
            self.paths.append(urlsplit(request.get("url") or request["request"]["url"]).path)

        def finished(answer: dict[str, Any]) -> None:
            self.bytes += round(answer["encodedDataLength"])

        session.send("Network.enable")
        session.on("Network.requestWillBeSent", asked)
        session.on("Network.webSocketCreated", asked)
        session.on("Network.loadingFinished", finished)


def visit(browser: Browser, address: str, text: str, network: Network | None = None) -> Visit:
    """Open a page in a new profile, with nothing in its cache, until it shows the text, wherever.

    Raises playwright's ``TimeoutError`` where it never does.
    """
    context = patient(browser.new_context())
    try:
        page = context.new_page()
        session = context.new_cdp_session(page)
        seen = Visit()
        seen.listen(session)
        if network is not None:
            network.emulate(session)
        began = time.monotonic()
        page.goto(address, wait_until="commit")
        page.get_by_text(text).first.wait_for()
        seen.seconds = time.monotonic() - began
        return seen
    finally:
        context.close()
