"""The runtimes of one gateway: one in each event loop that uses it, for a connection belongs to its loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from taskbeam.background.event_loops import forget_closed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from taskbeam.gateway.runtime import Runtime


class _Kept(NamedTuple):
    """``keeper`` stops the runtime when the event loop ends."""

    runtime: Runtime
    keeper: asyncio.Task[None]


class Runtimes:
    """Each is made for whoever asks first in its event loop, and is stopped at the latest when that ends.

    A server's loop stops its own. A thread that calls `asyncio.run` for one use of the gateway stops none;
    but a loop that ends cancels its tasks, and waits for them.
    """

    def __init__(self, make: Callable[[], Runtime]) -> None:
        self._make = make
        self._kept: dict[asyncio.AbstractEventLoop, _Kept] = {}

    def __iter__(self) -> Iterator[Runtime]:
        """Those of all event loops."""
        return iter([kept.runtime for kept in list(self._kept.values())])

    def here(self) -> Runtime:
        """That of the running event loop. Raises what making one does."""
        loop = asyncio.get_running_loop()
        kept = self._kept.get(loop)
        if kept is None:
            forget_closed(self._kept)  # their runtimes may have had no time to stop
            runtime = self._make()
            keeper = loop.create_task(self._keep_until_the_end(loop), name="runtime of the event loop")
            kept = self._kept[loop] = _Kept(runtime, keeper)
        return kept.runtime

    async def stop(self) -> None:
        """Stop that of the running event loop, if there is one."""
        kept = self._kept.pop(asyncio.get_running_loop(), None)
        if kept is not None:
            kept.keeper.cancel()
            await kept.runtime.stop()
            await asyncio.wait((kept.keeper,))

    async def _keep_until_the_end(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            await loop.create_future()
        finally:
            kept = self._kept.pop(loop, None)
            if kept is not None:
                # Who holds a connection was cancelled, too: nobody is to be told later than others.
                kept.runtime.shutdown.begin()
                await kept.runtime.stop()
