"""Follow tasks in an asyncio program."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from taskbeam.client.exchange import Addresses, SentTask, sent_task
from taskbeam.client.feed import FeedTasks
from taskbeam.client.http_exchange import HttpExchange
from taskbeam.client.listing import pages
from taskbeam.client.requests import id_of, idempotency
from taskbeam.contract.errors import refusal, result_of
from taskbeam.contract.events import (
    FeedEvent,
    GapEvent,
    RollupEvent,
    StateEvent,
    feed_event,
    listed_event,
    state_of,
    task_event,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from types import TracebackType

    import httpx

    from taskbeam.client.token import Token
    from taskbeam.contract.events import Event


class Client:
    """A gateway's client; ``async with`` closes it. For one event loop.

    Args:
        url: where the gateway is, with its prefix: ``https://shop.example/live``.
        token: shows that the tasks may be followed: a string, or a function, also a coroutine function, that
            returns one. The function is asked again when a token is refused, such as one that has expired.
        headers: more header fields, sent with each request; ``{"X-API-Key": …}`` sends tasks.
        http: an httpx client of your own, for proxies, certificates and the like. You close it.
    """

    def __init__(
        self,
        url: str,
        *,
        token: Token | None = None,
        headers: Mapping[str, str] | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._addresses = Addresses(url)
        self._token = token
        self._exchange = HttpExchange(headers or {}, http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._exchange.close()

    async def follow(
        self, task: str | SentTask, *, after: str | None = None, token: Token | None = None
    ) -> AsyncGenerator[Event | GapEvent, None]:
        """Yield a task's events up to its final one, each once and in order, however often it reconnects.

        Args:
            task: its id, or what `send` returned.
            after: the cursor to go on from, the ``id`` of an event; None = from the start.
            token: for this task alone.

        Where events are missing, a `GapEvent` says so. How the task ended is no error: look at the last
        event. Leave early by `contextlib.aclosing`, which ends the request at once.

        Raises `Refused`, by its kind `UnknownTask`, `RecordsExpired`, `Unauthenticated`; `ValueError` for an
        ``after`` that is no cursor.
        """
        address = self._addresses.task(id_of(task), "/events")
        async for body in self._exchange.stream(address, after, self._token_for(task, token)):
            yield task_event(body)

    async def result(
        self,
        task: str | SentTask,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 # as `AsyncResult.get` calls it
        token: Token | None = None,
    ) -> Any:
        """Wait until a task has ended, and return its result.

        Raises a `TaskError` where there is none: `TaskFailed`, `TaskRevoked`, `TaskExpired`, `TaskRejected`,
        `TaskIgnored`, `TaskLost`, `ResultOmitted`; `Refused`, see `follow`; `TimeoutError` after ``timeout``
        seconds.
        """
        newest: Event | None = None
        async with asyncio.timeout(timeout):
            async for event in self.follow(task, token=token):
                # Where the end's own record is gone, a gap's snapshot still has it.
                newest = event.snapshot or newest if isinstance(event, GapEvent) else event
        if isinstance(newest, StateEvent) and newest.final:
            return result_of(newest)
        raise refusal("no_end", "The stream ended, and the task has not.")

    async def snapshot(self, task: str | SentTask, *, token: Token | None = None) -> Event:
        """A task's newest event with its state; ``raw["last_event_id"]`` is the cursor. Raises `Refused`."""
        return state_of(
            await self._exchange.call("GET", self._addresses.task(id_of(task)), self._token_for(task, token))
        )

    async def cancel(
        self, task: str | SentTask, *, terminate: bool = False, token: Token | None = None
    ) -> str:
        """Cancel a task, and return what that means: ``revoked``, ``requested`` or ``terminating``.

        ``terminate``: end a running task by signal. Raises `Refused`: ``too_late`` (409) when it has ended.
        """
        address = self._addresses.task(id_of(task), "/cancel")
        query = {"terminate": "true"} if terminate else {}
        answer = await self._exchange.call(
            "POST", address, self._token_for(task, token), repeatable=False, params=query
        )
        return str(answer["cancel"])

    async def send(self, reference: str, *, idempotency_key: str | None = None, **request: Any) -> SentTask:
        """POST to an address of the application that sends a task (`Gateway.accepted` answers it).

        Args:
            reference: relative to the client's ``url``: ``reports`` is below it, ``/exports`` beside it.
            idempotency_key: which task this call means; by default a new one. The call is made again with it
                where the answer was lost, and no second task is sent.
            request: what httpx takes: ``json``, ``content``, ``params``, ``headers``, ``files`` …

        Raises `Refused`; httpx's errors where nothing answered three times.
        """
        headers = {**request.pop("headers", {}), **idempotency(idempotency_key)}
        address = self._addresses.of_application(reference)
        return sent_task(await self._exchange.call("POST", address, self._token, headers=headers, **request))

    async def tasks(self, feed: str, *, states: Sequence[str] = (), limit: int = 100) -> list[FeedEvent]:
        """The tasks of a feed as they are, the newest first.

        Args:
            feed: its name, such as ``owner:me``.
            states: only tasks in one of these; ``open`` is each that goes on.
            limit: tasks at the most, from 1. More than 500 are read by several requests.

        Raises `Refused`.
        """
        address = self._addresses.feed(feed)
        found: list[FeedEvent] = []
        async for page in pages(self._exchange, address, self._token, states=states, limit=limit):
            found += _listed(page, page["rollup"])
        return found

    async def feed(
        self, feed: str, *, after: str | None = None
    ) -> AsyncGenerator[FeedEvent | RollupEvent | GapEvent, None]:
        """Yield what happens to the tasks of a feed, such as ``owner:me``: first each as it is, then live.

        All tasks of the feed are listed, the oldest first; of each newer events come after older ones. With
        ``after``, a cursor of this feed, they are not listed first. Behind a `GapEvent` they are listed
        again. A `RollupEvent` is about the counts alone.

        Raises `Refused`, see `follow`.
        """
        tasks = FeedTasks()
        while True:
            if after is None:
                address = self._addresses.feed(feed)
                listed = [page async for page in pages(self._exchange, address, self._token)]
                # What happens from the first page on comes with the stream, and its counts, too.
                after, rollup = listed[0]["last_event_id"], listed[0]["rollup"]
                for task in (task for page in reversed(listed) for task in reversed(_listed(page, rollup))):
                    if tasks.is_news(task.raw["event"]):
                        yield task
            async for body in self._exchange.stream(
                self._addresses.feed(feed, "/events"), after, self._token
            ):
                event = feed_event(body)
                if not isinstance(event, FeedEvent) or tasks.is_news(body["event"]):
                    yield event
                elif event.rollup is not None:
                    yield RollupEvent(feed=event.feed, rollup=event.rollup, id=event.id, raw=body)
                if isinstance(event, GapEvent):
                    after = None
                    break
            else:
                return

    def _token_for(self, task: str | SentTask, token: Token | None) -> Token | None:
        if token is not None:
            return token
        return task.token if isinstance(task, SentTask) and task.token is not None else self._token


def _listed(page: Mapping[str, Any], rollup: Mapping[str, Any]) -> list[FeedEvent]:
    """The tasks of a page of a feed's list as events, with counts of the feed."""
    return [listed_event(page["feed"], body, rollup) for body in page["tasks"]]
