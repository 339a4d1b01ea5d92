"""A gateway with little room, and when nobody is there any more."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from stack.ports import kept_port
from tests.gateway.metrics.page import Page
from tests.support.gateway import Gateway, gateway
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey


@dataclass(frozen=True)
class Crowded(Gateway):
    """It counts connections, and says how many there are."""

    metrics_port: int

    def until_empty(self) -> None:
        """Return when no connection counts: each does until its session has ended, behind its client."""
        wait_until(lambda: self._counted() == 0)

    def _counted(self) -> float:
        page = Page.of(httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics").text)
        return sum(value for name, value in page.items() if name.startswith("connections["))


@contextmanager
def crowded_gateway(valkey: Valkey, path: str, **settings: Any) -> Iterator[Crowded]:
    """Run one; ``settings``: how much room it has."""
    with (
        kept_port() as port,
        gateway(valkey.url().removesuffix("/0"), path, metrics=1, metrics_port=port, **settings) as running,
    ):
        yield Crowded(running.process, running.port, port)
