"""What is not wanted is not sent: senders heed what owners have said.

No gateway is beside them, which would send, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.notifications.members import End, Message
from taskbeam.notifications.preferences import Preference
from tests.support.receiver import receiving, said
from tests.support.results import control

from .conftest import DB
from .stage import due_now, run, staged, told, until

if TYPE_CHECKING:
    import asyncio

    import redis

    from stack.valkey import Valkey
    from tests.support.journal import Journals, Task

OK = said("HTTP/1.1 204 No Content\n\n")
BUSY = said("HTTP/1.1 500 Busy\ncontent-length: 0\n\n")

SILENT = [Preference(channel="*", tasks="*", tell="none")]


def due(task: Task, target_id: str, *, replayed: bool = False) -> Message:
    return Message(target_id, End(task.records()[-1].id, task.id), replayed)


def test_senders_count_and_forget_what_is_not_wanted(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(OK) as receiver, staged(valkey.url(DB)) as stage:
            await stage.webhook(receiver, owner="ada")
            await stage.webhook(receiver, owner="bob")
            await stage.webhook(receiver)  # the application's
            await stage.preferences.put("ada", SILENT)
            tasks = [journals.task(labels={"owner": owner}) for owner in ("ada", "bob")]
            for task in tasks:
                task.finish()
            due_now(store)
            await until(lambda: len(receiver.requests) == 3 and not store.exists(control().notify_due))
            assert sorted(told(receiver)) == sorted([tasks[0].id, tasks[1].id, tasks[1].id])
            assert stage.counts == {"taken": 3, "unwanted": 1}
            assert await stage.records.given_up() == []

    run(test())


def test_they_send_what_an_operator_calls_critical(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(OK) as receiver, staged(valkey.url(DB)) as stage:
            stage.preferences.critical = ("tests.*",)
            await stage.webhook(receiver, owner="ada")
            await stage.preferences.put("ada", SILENT)
            task = journals.task(labels={"owner": "ada"})
            task.finish()
            due_now(store)
            await until(lambda: receiver.requests and not store.exists(control().notify_due))
            assert told(receiver) == [task.id]

    run(test())


def test_they_heed_what_was_said_while_a_message_waited(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(BUSY) as receiver:
            async with staged(valkey.url(DB)) as stage:
                await stage.webhook(receiver, owner="ada")
                journals.task(labels={"owner": "ada"}).finish()
                due_now(store)
                await until(lambda: store.exists(control().notify_tries))
            async with staged(valkey.url(DB), works=False) as stage:
                await stage.preferences.put("ada", SILENT)
            due_now(store, "to")
            async with staged(valkey.url(DB)) as stage:
                await until(lambda: not store.exists(control().notify_due, control().notify_tries))
                assert stage.counts == {"unwanted": 1}

    run(test())


def test_they_send_once_more_what_somebody_wants_to_have_again(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    """Also where that is refused at first, and where the first message still waits."""
    acts = [BUSY]

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (acts.pop() if acts else OK)(reader, writer)

    async def test() -> None:
        async with receiving(act) as receiver:
            async with staged(valkey.url(DB), works=False) as stage:
                one = await stage.webhook(receiver, owner="ada")
                await stage.preferences.put("ada", SILENT)
                task = journals.task(labels={"owner": "ada"})
                task.finish()
                first, again = due(task, one.id), due(task, one.id, replayed=True)
                store.delete(control().notify_due)
                store.zadd(control().notify_due, {str(first): 0})
                await stage.due.again(first)
                assert store.zrange(control().notify_due, 0, -1) == [str(again)]
            async with staged(valkey.url(DB)) as stage:
                await until(lambda: store.hget(control().notify_tries, str(again)))
            due_now(store, "again")
            async with staged(valkey.url(DB)) as stage:
                await until(lambda: not store.exists(control().notify_due, control().notify_tries))
                assert {row.message for row in await stage.records.deliveries(one.id)} == {first.id}
            assert told(receiver) == [task.id] * 2

    run(test())


def test_they_tell_whom_they_do_not_understand(valkey: Valkey, store: redis.Redis) -> None:
    async def test() -> None:
        async with staged(valkey.url(DB), works=False) as stage:
            for stored in ("", "{}", '[{"channel":"pigeon","tasks":"*","tell":"none"}]'):
                store.hset(control().notify_preferences, "ada", stored)
                assert await stage.preferences.of_owner("ada") == ()

    run(test())
