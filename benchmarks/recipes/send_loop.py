"""The limit: a loop of `send()` in C."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import obtain as obtaining
from ..load.following import Following
from ..load.publisher import HttpPublisher, Post
from .recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..load.client import Transport
    from ..load.payload import Payload
    from .recipe import Site

SOURCE = Path(__file__).with_suffix(".c")
COMPILER = ("cc", "-O2", "-D_GNU_SOURCE")


@dataclass(frozen=True)
class SendLoop(Recipe):
    """No server for anybody: what the system itself costs."""

    @property
    def name(self) -> str:
        return "send() loop in C"

    def prepare(self, *, obtain: bool) -> str:
        obtaining.compiled(COMPILER, SOURCE, obtain=obtain)
        told = subprocess.run(("cc", "--version"), capture_output=True, text=True, check=False)
        return told.stdout.partition("\n")[0]

    def argv(self, site: Site) -> Sequence[str]:
        return (str(obtaining.compiled(COMPILER, SOURCE, obtain=False)), str(site.port))

    def follow(self, transport: Transport, task_id: str, after: str = "") -> Following:  # noqa: ARG002
        return Following(f"/tasks/{task_id}/{'ws' if transport == 'WebSocket' else 'events'}")

    async def publisher(self, site: Site) -> HttpPublisher:
        return await HttpPublisher.connect(site.port, _post)


def _post(event: Payload) -> Post:
    return Post(f"/tasks/{event.task_id}", event.body)
