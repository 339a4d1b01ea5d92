"""Many tasks, each followed by several clients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..load.payload import new_task_id
from .even_rate import publish_evenly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..load.audience import Audience


@dataclass(frozen=True, slots=True)
class SharedTasks:
    """``rate`` events per second over ``busy`` tasks, spread evenly over the time; of ``idle`` clients each
    follows a task of its own, of which nothing is told.
    """

    busy: int
    followers: int
    events: int
    rate: int
    idle: int = 0

    @property
    def name(self) -> str:
        told = f"{self.busy:,} tasks × {self.followers:,} clients, {self.rate:,} events/s"
        return f"{told}, and {self.idle:,} clients idle" if self.idle else told

    @property
    def conditions(self) -> Mapping[str, int]:
        return {
            "clients": self.busy * self.followers + self.idle,
            "tasks": self.busy + self.idle,
            "rate": self.rate,
        }

    def tasks(self) -> Sequence[str]:
        followed = [task_id for _ in range(self.busy) for task_id in [new_task_id()] * self.followers]
        return [*followed, *(new_task_id() for _ in range(self.idle))]

    async def play(self, audience: Audience) -> bool:
        return await publish_evenly(audience, audience.tasks[: self.busy], self.events, self.rate)
