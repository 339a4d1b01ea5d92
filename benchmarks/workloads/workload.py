"""What a benchmark must know of a workload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..load.audience import Audience


class Workload(Protocol):
    """Which client follows which task, and how a round goes."""

    @property
    def name(self) -> str:
        """As the table shows it."""

    @property
    def conditions(self) -> Mapping[str, int]:
        """The same in numbers: ``clients``, ``tasks``, and ``rate`` (events per second) where it is given."""

    def tasks(self) -> Sequence[str]:
        """New task ids: one per client, the same one for clients that follow the same task."""

    async def play(self, audience: Audience) -> bool:
        """Publish one round's events and wait until they have arrived; False when some are lost."""
