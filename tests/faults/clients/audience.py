"""Many clients on an event loop of their own, in a thread, so that faults can be inflicted meanwhile."""

from __future__ import annotations

import asyncio
from random import Random
from threading import Thread
from typing import TYPE_CHECKING, Any, Self, TypeVar

from tests.faults.account import Account
from tests.support.ending import end

from .client import Client
from .wire import Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

T = TypeVar("T")


class Audience:
    """Those who follow; to be used in a `with`.

    Args:
        ports: of the gateways, any of which a client may ask; the list may change.
        headers: of each request, such as a token.
        seed: of what clients do at random.
    """

    def __init__(self, ports: Sequence[int], headers: Sequence[str] = (), seed: int = 0) -> None:
        self._ports = ports
        self._headers = headers
        self._chance = Random(seed)
        self._clients: list[Client] = []
        self._living: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="audience", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wait_for(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def accounts(self) -> list[Account]:
        """Of all clients that there have been."""
        return [client.account for client in tuple(self._clients)]

    @property
    def over(self) -> bool:
        """Whether each client has an end, or a problem that ended it."""
        return all(account.over for account in self.accounts)

    def follow(self, task_id: str, transport: str, rate: int | None = None) -> None:
        """One more client; ``rate`` in bytes per second."""
        self._do(lambda: self._begin(Account(transport, task_id), rate))

    def cut(self) -> None:
        """Drop all connections at the same moment."""
        self._each(Client.cut)

    def leave(self, share: float, longest: float) -> None:
        """A part of the clients goes; each comes back after a time of its own, up to ``longest`` seconds."""
        self._each(lambda client: client.leave(self._chance.uniform(0, longest)), share)

    def freeze(self, share: float) -> None:
        """A part of the clients reads nothing until `thaw`."""
        self._each(lambda client: client.pace.thawed.clear(), share)

    def thaw(self) -> None:
        """All clients read again."""
        self._each(lambda client: client.pace.thawed.set())

    def _each(self, action: Callable[[Client], None], share: float = 1.0) -> None:
        def act() -> None:
            for client in self._chance.sample(self._clients, round(share * len(self._clients))):
                action(client)

        self._do(act)

    def _begin(self, account: Account, rate: int | None) -> None:
        chance = Random(self._chance.random())
        client = Client(account, self._ports, self._headers, Pace(rate), chance)
        self._clients.append(client)
        living = asyncio.create_task(client.live())
        self._living.add(living)
        living.add_done_callback(self._living.discard)

    async def _end(self) -> None:
        for living in tuple(self._living):
            await end(living)

    def _do(self, action: Callable[[], None]) -> None:
        async def act() -> None:
            action()

        self._wait_for(act())

    def _wait_for(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
