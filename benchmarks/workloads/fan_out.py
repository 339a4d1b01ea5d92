"""One task that many clients follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..load.payload import new_task_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..load.audience import Audience


@dataclass(frozen=True, slots=True)
class FanOut:
    """The next event is published when every client has the last one.

    So no server is overrun, however slow, and none saves work by sending two events in one write.
    """

    clients: int
    events: int

    @property
    def name(self) -> str:
        return f"1 task × {self.clients:,} clients"

    @property
    def conditions(self) -> Mapping[str, int]:
        return {"clients": self.clients, "tasks": 1}

    def tasks(self) -> Sequence[str]:
        return [new_task_id()] * self.clients

    async def play(self, audience: Audience) -> bool:
        [task_id] = audience.tasks
        for _ in range(self.events):
            audience.publish(task_id)
            if not await audience.complete():
                return False
        return True
