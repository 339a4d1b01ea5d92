"""Our gateway: `python -m app`, and the journal that it repeats."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from taskbeam.journal.entry import Entry
from taskbeam.journal.keys import task_keys
from taskbeam.journal.limits import Limits
from taskbeam.journal.scripts import APPEND

from .. import obtain as obtaining
from ..load import payload
from ..load.following import Following
from ..load.publisher import RedisPublisher
from .recipe import Recipe, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..load.client import Transport
    from ..load.payload import Payload
    from ..load.publisher import Command
    from .recipe import Site

DATABASE = 1
TTL = 3600  # seconds

GREETING: tuple[Command, ...] = (("SELECT", DATABASE), ("SCRIPT", "LOAD", APPEND.text))


@dataclass(frozen=True)
class Taskbeam(Recipe):
    """``detach``: write to detached connections, or take the portable way of any ASGI server."""

    detach: bool = True
    processes: int = 1
    ours: ClassVar[bool] = True
    ready: ClassVar[str] = "/readyz"
    replays: ClassVar[bool] = True

    @property
    def name(self) -> str:
        several = f", {self.processes} processes" if self.processes > 1 else ""
        return f"taskbeam{several}" if self.detach else f"taskbeam, portable{several}"

    def prepare(self, *, obtain: bool) -> str:  # noqa: ARG002
        if self.processes > 1 and sys.platform != "linux":
            raise UnavailableError("only Linux deals connections out evenly among processes")
        return f"{obtaining.python_package('taskbeam')}, {obtaining.python_package('uvicorn')}"

    def argv(self, site: Site) -> Sequence[str]:  # noqa: ARG002
        return (sys.executable, "-m", "app")

    def environment(self, site: Site) -> Mapping[str, str]:
        redis = f"redis://127.0.0.1:{site.redis_port}"
        return {
            "TASKBEAM_BROKER_URL": f"{redis}/0",
            "TASKBEAM_RESULT_BACKEND": f"taskbeam+{redis}/{DATABASE}",
            "TASKBEAM_HOST": "127.0.0.1",
            "TASKBEAM_PORT": str(site.port),
            "TASKBEAM_AUTH": "open",  # as our peers have it
            "TASKBEAM_MAX_CONNECTIONS": "200000",
            "TASKBEAM_MAX_CONNECTIONS_PER_ADDRESS": "200000",
            "TASKBEAM_LOG_LEVEL": "warning",
            "TASKBEAM_DETACH": str(int(self.detach)),
            "TASKBEAM_REUSE_PORT": str(int(self.processes > 1)),
        }

    def follow(self, transport: Transport, task_id: str, after: str = "") -> Following:
        path = f"/tasks/{task_id}/{'ws' if transport == 'WebSocket' else 'events'}"
        return Following(f"{path}?after={after}" if after else path)

    async def publisher(self, site: Site) -> RedisPublisher:
        return await RedisPublisher.connect(site.redis_port, command, GREETING)


def command(event: Payload) -> Command:
    """As `taskbeam.progress.emit` has it: a chunk of data from a task that runs."""
    entry = Entry(
        keys=task_keys(event.task_id),
        task_id=event.task_id,
        type=payload.TYPE,
        members={"data": f'"{event.filling}"'},
        ts=event.ts,
        state=payload.STATE,
        limits=Limits(limit_bytes=1 << 30, expires=TTL),
    )
    keys = entry.script_keys()
    return ("EVALSHA", APPEND.digest, len(keys), *keys, *entry.script_args())
