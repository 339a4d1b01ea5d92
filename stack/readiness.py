"""How to tell that a process is ready: by a line it writes or by an address that answers."""

from __future__ import annotations

import threading
import urllib.request
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import ssl

HTTP_TIMEOUT = 2.0


class Readiness(Protocol):
    def see(self, line: str) -> None:
        """Take notice of a line that the process wrote; called on another thread."""

    def __call__(self) -> bool:
        """Is it ready?"""


class LineWritten:
    """Ready once the process has written a line that ends with `ending`."""

    def __init__(self, ending: str) -> None:
        self._ending = ending
        self._seen = threading.Event()

    def see(self, line: str) -> None:
        if line.endswith(self._ending):
            self._seen.set()

    def __call__(self) -> bool:
        return self._seen.is_set()


class UrlAnswers:
    """Ready when GET `url` is answered with status 200; `context` is whom https trusts."""

    def __init__(self, url: str, context: ssl.SSLContext | None = None) -> None:
        self._url = url
        # No proxy: the address is on this machine.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )

    def see(self, line: str) -> None:
        pass

    def __call__(self) -> bool:
        try:
            with self._opener.open(self._url, timeout=HTTP_TIMEOUT) as response:
                return bool(response.status == 200)
        except OSError:  # refused, timed out, or an answer of 400 and above (HTTPError)
            return False
