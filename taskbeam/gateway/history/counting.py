"""How many tasks the history has: counted beside everything else, since a count reads the whole table."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from taskbeam.background.calls import BlockingCalls
from taskbeam.background.tasks import BackgroundTasks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger(__name__)

#: Seconds for which a count holds, and how many times as long as it took.
COUNTED, REST = 5.0, 50


class Counting:
    """Of one gateway: one count at a time, in a thread of its own, however long it takes."""

    def __init__(self, count: Callable[[], Mapping[str, int]]) -> None:
        """``count`` blocks, and raises SQLAlchemy's errors and `OSError`."""
        self._count = count
        self._calls = BlockingCalls("taskbeam-history-count", 1)
        self._background = BackgroundTasks()
        self._known: Mapping[str, int] = {}
        self._again = -math.inf
        self._fails = False

    def known(self) -> Mapping[str, int]:
        """What the last count has found; nothing before the first. Begins another one when that is due."""
        if asyncio.get_running_loop().time() >= self._again:
            self._again = math.inf
            self._background.once("history count", self._count_once)
        return self._known

    @property
    def under_way(self) -> bool:
        """Whether it counts at this moment."""
        return self._again == math.inf

    async def close(self) -> None:
        """Let the thread end as soon as it has counted."""
        await self._background.stop()
        self._calls.close()

    async def _count_once(self) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            self._known = await self._calls.run(self._count, None)
            self._fails = False
        except (SQLAlchemyError, OSError) as error:
            if not self._fails:
                self._fails = True
                logger.warning(
                    "The tasks in the history cannot be counted; the last numbers stay: %r",
                    error,
                )
        finally:
            # A count that fails has cost the database as much as any other.
            self._again = clock() + max(COUNTED, REST * (clock() - began))
