"""Our gateway: `python -m app`, and the journal that it repeats."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskbeam.journal.entry import Entry
from taskbeam.journal.scripts import APPEND
from taskbeam.keys import task_keys

from ..load import payload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..load.payload import Payload
    from ..load.publisher import Command
    from .recipe import Transport

DATABASE = 1
TTL = 3600  # seconds


@dataclass(frozen=True, slots=True)
class Taskbeam:
    """``detach``: write to detached connections, or take the portable way of any ASGI server."""

    detach: bool = True
    ours: bool = True
    ready: str = "/readyz"

    @property
    def name(self) -> str:
        return "taskbeam" if self.detach else "taskbeam, portable"

    def argv(self, port: int) -> Sequence[str]:  # noqa: ARG002
        return (sys.executable, "-m", "app")

    def environment(self, port: int, redis_port: int) -> Mapping[str, str]:
        redis = f"redis://127.0.0.1:{redis_port}"
        return {
            "TASKBEAM_BROKER_URL": f"{redis}/0",
            "TASKBEAM_RESULT_BACKEND": f"taskbeam+{redis}/{DATABASE}",
            "TASKBEAM_HOST": "127.0.0.1",
            "TASKBEAM_PORT": str(port),
            "TASKBEAM_LOG_LEVEL": "warning",
            "TASKBEAM_DETACH": str(int(self.detach)),
        }

    def path(self, transport: Transport, task_id: str) -> str:
        return f"/tasks/{task_id}/{'ws' if transport == 'WebSocket' else 'events'}"

    def greeting(self) -> Sequence[Command]:
        return (("SELECT", DATABASE), ("SCRIPT", "LOAD", APPEND.text))

    def publish(self, payload: Payload) -> Command:
        entry = _entry(payload)
        keys = entry.script_keys()
        return ("EVALSHA", APPEND.digest, len(keys), *keys, *entry.script_args())


def _entry(event: Payload) -> Entry:
    """As `taskbeam.progress.emit` has it: a chunk of data from a task that runs."""
    return Entry(
        keys=task_keys(event.task_id),
        task_id=event.task_id,
        type=payload.TYPE,
        members={"data": f'"{event.filling}"'},
        ts=payload.TS,
        state=payload.STATE,
        ttl=TTL,
    )
