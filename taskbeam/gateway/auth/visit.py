"""A request that stays for a while, and whose answer is nobody's once its token is over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from taskbeam.gateway.problems import TaskbeamError

if TYPE_CHECKING:
    from taskbeam.gateway.problems import Problem


class Visit:
    """The `Host` of a request that is answered as a whole, however long that takes."""

    __slots__ = ("_dismissed", "_problem")

    def __init__(self) -> None:
        self._problem: Problem | None = None
        self._dismissed = asyncio.Event()

    def dismiss(self, problem: Problem) -> None:
        """The token has expired or was revoked: whatever the request waits for, it waits no more."""
        self._problem = problem
        self._dismissed.set()

    async def dismissed(self) -> None:
        """Return as soon as it is."""
        await self._dismissed.wait()

    @property
    def over(self) -> bool:
        """Whether it is."""
        return self._problem is not None

    def check(self) -> None:
        """Raise what the request is answered instead, a `TaskbeamError`, if it was dismissed."""
        if self._problem is not None:
            raise TaskbeamError(self._problem)
