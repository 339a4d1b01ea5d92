"""One client: it connects, writes down what it is told, and comes back with its cursor until the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from .errand import Errand
from .event_stream import event_stream
from .long_poll import long_poll
from .websocket import websocket
from .wire import ProblemError

if TYPE_CHECKING:
    from random import Random

    from tests.faults.account import Account

    from .wire import Pace


Transport = Callable[[Errand], AsyncIterator[bytes]]

TRANSPORTS: dict[str, Transport] = {"websocket": websocket, "sse": event_stream, "poll": long_poll}

#: Seconds after which a client comes back, at random between these two.
_PAUSE = (0.1, 1.0)


#: What ends a connection from outside.
_CUT = (OSError, EOFError)


class Client:
    """Follows one task over one transport, at whichever of the gateways answers."""

    def __init__(
        self, account: Account, ports: Sequence[int], headers: Sequence[str], pace: Pace, chance: Random
    ) -> None:
        """``ports`` may change while it lives."""
        self.account = account
        self.pace = pace
        self._ports = ports
        self._headers = headers
        self._chance = chance
        self._connection: asyncio.Task[None] | None = None
        self._absence = 0.0

    async def live(self) -> None:
        """Returns when nothing more is to come."""
        while not self.account.over:
            self._connection = asyncio.create_task(self._connect())
            try:
                await asyncio.shield(self._connection)
            except asyncio.CancelledError:
                if not self._connection.cancelled():  # it is this client that is to end
                    self._connection.cancel()
                    raise
                await self._stay_away()
            else:
                await asyncio.sleep(self._chance.uniform(*_PAUSE))

    def cut(self) -> None:
        """Drop the connection, and come back at once."""
        self.leave(0.0)

    def leave(self, seconds: float) -> None:
        """Drop the connection, and come back after some time."""
        self._absence = seconds
        if self._connection is not None:
            self._connection.cancel()

    async def _stay_away(self) -> None:
        left = time.monotonic()
        await asyncio.sleep(self._absence)
        self.account.away.append((left, time.monotonic()))

    async def _connect(self) -> None:
        """One connection, from the cursor on."""
        account = self.account
        errand = Errand(
            self._chance.choice(self._ports), account.task_id, account.cursor, self._headers, self.pace
        )
        asked, served = time.monotonic(), False
        try:
            async with aclosing(TRANSPORTS[account.transport](errand)) as bodies:  # type: ignore[type-var]
                async for body in bodies:
                    if not served and account.heard:
                        account.came_back.append(asked)
                    served = True
                    account.hear(body, time.monotonic())
        except ProblemError as problem:
            if account.end is not None:
                return
            if problem.retry:
                account.retried[problem.code] += 1
            else:
                account.error = problem.code
        except _CUT as cut:
            account.retried[type(cut).__name__] += 1
