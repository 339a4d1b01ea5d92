"""FastAPI with a redis-py pub/sub for each connection: as the documentation has it, and at its leanest."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .redis_py_app import REDIS_URL, channel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..load.payload import Payload
    from ..load.publisher import Command
    from .recipe import Transport


@dataclass(frozen=True, slots=True)
class RedisPy:
    """Served by uvicorn with uvloop and httptools.

    ``leanest``: without what can be left out, which are WebSocket compression and FastAPI's own
    Server-Sent Events with their heartbeat.
    """

    leanest: bool = False
    ours: bool = False
    ready: str = "/healthz"

    @property
    def name(self) -> str:
        return "leanest recipe" if self.leanest else "usual recipe"

    def argv(self, port: int) -> Sequence[str]:
        return (
            *(sys.executable, "-m", "uvicorn", "--factory", "benchmarks.recipes.redis_py_app:create_app"),
            *("--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"),
            *("--loop", "uvloop", "--http", "httptools"),
            *(("--ws-per-message-deflate", "false") if self.leanest else ()),
        )

    def environment(self, port: int, redis_port: int) -> Mapping[str, str]:  # noqa: ARG002
        return {REDIS_URL: f"redis://127.0.0.1:{redis_port}/0"}

    def path(self, transport: Transport, task_id: str) -> str:
        if transport == "WebSocket":
            return f"/tasks/{task_id}/ws"
        return f"/tasks/{task_id}/{'bare-events' if self.leanest else 'events'}"

    def greeting(self) -> Sequence[Command]:
        return ()

    def publish(self, payload: Payload) -> Command:
        return ("PUBLISH", channel(payload.task_id), payload.body)
