"""Follow tasks in a program without an event loop: a script, a thread."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any, Self, TypeVar

from taskbeam.client.asynchronous import Client

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
    from types import TracebackType

    import httpx

    from taskbeam.client.exchange import SentTask
    from taskbeam.client.token import Token
    from taskbeam.contract.events import Event, FeedEvent, GapEvent, RollupEvent

Result = TypeVar("Result")


class SyncClient:
    """A `Client` that waits where it is called; ``with`` closes it. For one thread without an event loop.

    What its methods take, return and raise is as in `Client`. They run a loop of their own while they wait.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token | None = None,
        headers: Mapping[str, str] | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._runner = asyncio.Runner()
        self._client = Client(url, token=token, headers=headers, http=http)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        with closing(self._runner):
            self._runner.run(self._client.close())

    def follow(
        self,
        task: str | SentTask,
        *,
        after: str | None = None,
        token: Token | None = None,
        timeout: float | None = None,
    ) -> Generator[Event | GapEvent, None, None]:
        """As `Client.follow`; raises `TimeoutError` where the task goes on for ``timeout`` seconds."""
        return self._iterate(self._client.follow(task, after=after, token=token), timeout)

    def feed(
        self, feed: str, *, after: str | None = None, timeout: float | None = None
    ) -> Generator[FeedEvent | RollupEvent | GapEvent, None, None]:
        """As `Client.feed`; raises `TimeoutError` after ``timeout`` seconds."""
        return self._iterate(self._client.feed(feed, after=after), timeout)

    def tasks(self, feed: str, *, states: Sequence[str] = (), limit: int = 100) -> list[FeedEvent]:
        """As `Client.tasks`."""
        return self._runner.run(self._client.tasks(feed, states=states, limit=limit))

    def result(
        self, task: str | SentTask, *, timeout: float | None = None, token: Token | None = None
    ) -> Any:
        """As `Client.result`."""
        return self._runner.run(self._client.result(task, timeout=timeout, token=token))

    def snapshot(self, task: str | SentTask, *, token: Token | None = None) -> Event:
        """As `Client.snapshot`."""
        return self._runner.run(self._client.snapshot(task, token=token))

    def cancel(self, task: str | SentTask, *, terminate: bool = False, token: Token | None = None) -> str:
        """As `Client.cancel`."""
        return self._runner.run(self._client.cancel(task, terminate=terminate, token=token))

    def send(self, reference: str, *, idempotency_key: str | None = None, **request: Any) -> SentTask:
        """As `Client.send`."""
        return self._runner.run(self._client.send(reference, idempotency_key=idempotency_key, **request))

    def _iterate(
        self, events: AsyncGenerator[Result, None], timeout: float | None
    ) -> Generator[Result, None, None]:
        loop = self._runner.get_loop()
        deadline = None if timeout is None else loop.time() + timeout

        async def following() -> Result | None:
            async with asyncio.timeout_at(deadline):
                return await anext(events, None)

        try:
            while (event := self._runner.run(following())) is not None:
                yield event
        finally:
            self._runner.run(events.aclose())
