"""Many tasks, each followed by one client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..load.payload import new_task_id
from .even_rate import publish_evenly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..load.audience import Audience


@dataclass(frozen=True, slots=True)
class ManyTasks:
    """``rate`` events per second over all tasks, task after task, spread evenly over the time."""

    clients: int
    events: int
    rate: int

    @property
    def name(self) -> str:
        return f"{self.clients:,} tasks × 1 client, {self.rate:,} events/s"

    @property
    def conditions(self) -> Mapping[str, int]:
        return {"clients": self.clients, "tasks": self.clients, "rate": self.rate}

    def tasks(self) -> Sequence[str]:
        return [new_task_id() for _ in range(self.clients)]

    async def play(self, audience: Audience) -> bool:
        return await publish_evenly(audience, audience.tasks, self.events, self.rate)
