"""A repeated request gets the task of the first one for a day, whatever is left of it; without a broker."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from taskbeam.follow.connections import exchange_with
from taskbeam.gateway import Quota, TaskbeamError
from taskbeam.gateway.jobs.account import Account
from taskbeam.gateway.jobs.idempotency import REMEMBERED, IdempotencyKeys
from taskbeam.gateway.jobs.sending import LOOK, TaskSender
from taskbeam.gateway.jobs.token_uses import TokenUses
from taskbeam.gateway.quotas.quotas import Quotas
from taskbeam.journal.history import Absence
from taskbeam.journal.labels import Labels
from taskbeam.measures.names import CountByName
from tests.support.results import connected_to, control, names
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from redis.asyncio import Redis

    from stack.valkey import Valkey
    from taskbeam.gateway.jobs.broker import Broker
    from taskbeam.gateway.jobs.idempotency import Claim
    from taskbeam.gateway.jobs.revoking import Revoker
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.reader import JournalReader

    Use = Callable[["Sending"], Coroutine[Any, Any, None]]

AWAY = RedisConnectionError("injected")


class Sending:
    """One request that is repeated. ``journal``: what is left of its task; ``sent``: ids, in order."""

    def __init__(self, redis: Redis, exchange: Exchange) -> None:
        self.redis: Any = redis
        self.keys = IdempotencyKeys(redis, control())
        self.journal: Absence | Exception = Absence.UNKNOWN
        self.sent: list[str] = []
        self.key = uuid4().hex
        self._sender = TaskSender(
            cast("Broker", _Broker(self.sent)),
            cast("Revoker", None),
            self.keys,
            TokenUses(redis, control()),
            Quotas(redis, control(), exchange, names, Quota()),
            cast("JournalReader", _Journal(self)),
            names,
            LOOK,
            CountByName(),
        )

    async def ask(self) -> str:
        """The id of the task that the request gets."""
        account = Account.of("ada")
        sent = await self._sender.send("pay", [1], {}, Labels(owner="ada"), account, self.key, {})
        return sent.id

    async def claim(self) -> Claim:
        """What it is given before it sends anything."""
        return await self.keys.claim("pay", Account.of("ada").tenant or "", self.key, b"[[1], {}]")


class _Broker:
    def __init__(self, sent: list[str]) -> None:
        self._sent = sent

    async def send(self, _name: str, options: Mapping[str, Any]) -> None:
        self._sent.append(options["task_id"])


class _Journal:
    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    async def read(self, *_: object) -> Absence:
        answer = self._sending.journal
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def run(valkey: Valkey) -> Callable[[Use], None]:
    def run(use: Use) -> None:
        async def inside() -> None:
            async with (
                connected_to(valkey.url(1)) as redis,
                aclosing(exchange_with(redis, DEADLINE)) as exchange,
            ):
                await use(Sending(redis, exchange))

        asyncio.run(inside())

    return run


def test_a_task_of_which_nothing_is_left_is_not_sent_again(run: Callable[[Use], None]) -> None:
    async def use(request: Sending) -> None:
        first = await request.ask()
        assert await request.ask() == first
        assert request.sent == [first]

    run(use)


@pytest.mark.parametrize("left", [Absence.EXPIRED, Absence.MISSING])
def test_a_journal_that_was_there_says_that_its_task_was_sent(
    run: Callable[[Use], None],
    left: Absence,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Redis was away as it was to be noted, or an older gateway has sent it."""

    async def away(*_: object) -> None:
        raise AWAY

    monkeypatch.setattr(IdempotencyKeys, "note_sent", away)

    async def use(request: Sending) -> None:
        first = await request.ask()
        assert f"Cannot note at its idempotency key that task {first} was sent: injected" in caplog.text
        request.journal = AWAY
        with pytest.raises(RedisConnectionError, match="injected"):
            await request.ask()
        request.journal = left
        assert await request.ask() == first
        assert request.sent == [first]

    run(use)


def test_a_request_that_died_before_it_sent_anything_is_made_again(run: Callable[[Use], None]) -> None:
    async def use(request: Sending) -> None:
        dead = await request.claim()
        with pytest.raises(TaskbeamError) as refused:
            await request.ask()
        assert refused.value.problem.retry
        assert request.sent == []
        task_id = await request.ask()
        assert request.sent == [task_id]
        assert task_id != dead.task_id

    run(use)


def test_a_key_stays_with_the_task_that_was_sent_for_a_day(run: Callable[[Use], None]) -> None:
    """Whatever a request does that came before, or waits for this one."""

    async def use(request: Sending) -> None:
        late = await request.claim()
        await request.keys.release(late)
        first = await request.claim()
        waiting = await request.claim()
        await request.keys.note_sent(late)
        assert not (await request.claim()).sent
        await request.keys.note_sent(first)
        await request.keys.release(waiting)
        again = await request.claim()
        assert (again.task_id, again.first, again.sent) == (first.task_id, False, True)
        assert REMEMBERED - DEADLINE < await request.redis.ttl(again.name) <= REMEMBERED

    run(use)
