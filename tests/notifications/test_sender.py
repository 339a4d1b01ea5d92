"""What is due is sent: to real servers, which answer as they please, and whose senders die."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, cast

import pytest
from standardwebhooks import Webhook

from taskbeam.journal.keys import NOTIFY_DUE, NOTIFY_TRIES
from taskbeam.notifications.lanes import Pace
from taskbeam.notifications.members import End, Message
from taskbeam.notifications.post import Post
from tests.support.receiver import receiving, said

from .conftest import DB
from .stage import LONG, due_now, headers, run, sending, staged, until

if TYPE_CHECKING:
    import redis

    from stack.valkey import Valkey
    from taskbeam.notifications.post import Job
    from tests.support.journal import Journals
    from tests.support.receiver import Act, Receiver

OK = said("HTTP/1.1 200 OK\ncontent-length: 2\n\nok")


def task_ids(receiver: Receiver) -> list[str]:
    """Whose ends it was told of, in the order in which it first was."""
    return list(dict.fromkeys(json.loads(body)["data"]["task_id"] for _, body in receiver.requests))


def test_a_webhook_is_told_and_can_verify_it(valkey: Valkey, store: redis.Redis, journals: Journals) -> None:
    async def test() -> None:
        async with receiving(OK) as receiver, staged(valkey.url(DB)) as stage:
            target = await stage.webhook(receiver)
            task = journals.task(labels={"owner": "ada", "tags": "a\nb", "title": "Größe"})
            task.append(state="SUCCESS", type="state", final=True, result={"pages": 7})
            due_now(store)
            await until(lambda: receiver.requests and not store.exists(NOTIFY_DUE))
            verified = Webhook(target.secrets[0]).verify(
                receiver.requests[0][1], headers(receiver.requests[0])
            )
            assert verified["type"] == "task.succeeded"
            assert verified["data"]["result"] == {"pages": 7}
            assert verified["data"]["labels"] == {"owner": "ada", "tags": ["a", "b"], "title": "Größe"}
            assert verified["data"]["id"] == str(task.records()[-1].id)
            assert (await stage.records.health(target.id)).sent is not None

    run(test())


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_what_was_taken_is_done_with(
    valkey: Valkey, store: redis.Redis, journals: Journals, status: int
) -> None:
    length = "" if status == 204 else "content-length: 0\n"

    async def test() -> None:
        taken = said(f"HTTP/1.1 {status} Yes\n{length}\n")
        async with receiving(taken) as receiver, staged(valkey.url(DB)) as stage:
            target = await stage.webhook(receiver)
            journals.task().finish()
            due_now(store)
            await until(lambda: receiver.requests and not store.exists(NOTIFY_DUE, NOTIFY_TRIES))
            health = await stage.records.health(target.id)
            assert (health.sent is not None, health.error) == (True, None)
            assert stage.counts == {"taken": 1}

    run(test())


def status(number: int, more: str = "") -> Act:
    return said(f"HTTP/1.1 {number} No\n{more}content-length: 0\n\n")


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()  # until the sender hangs up


async def dripping(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


#: Seconds of a request in the tests of `REFUSALS`.
SHORT = 2.0

LATE = f"no answer within {SHORT:.0f} s"

#: How a service does not take a message: by each of these answers, which its owner is told.
REFUSALS = {
    **{
        str(number): (status(number), f"HTTP {number}")
        for number in (301, 307, 400, 401, 404, 413, 429, 500, 503)
    },
    "silence": (silent, LATE),
    "a dripping answer": (dripping, LATE),
    "a reset": (cut, "the answer is no HTTP"),
    "garbage": (said("SSH-2.0-OpenSSH_9.6\n\n"), "the answer is no HTTP"),
}


@pytest.mark.parametrize("how", REFUSALS)
def test_what_was_not_taken_comes_again_with_the_same_id_and_another_time(
    valkey: Valkey, store: redis.Redis, journals: Journals, how: str
) -> None:
    refuse, words = REFUSALS[how]
    acts = [refuse]

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (acts.pop() if acts else OK)(reader, writer)

    async def test() -> None:
        async with receiving(act) as receiver:
            async with staged(valkey.url(DB), total=SHORT if words is LATE else LONG) as stage:
                target = await stage.webhook(receiver)
                journals.task().finish()
                due_now(store)
                await until(lambda: store.hvals(NOTIFY_TRIES) == ["1"])
                health = await stage.records.health(target.id)
                assert (health.sent, health.error) == (None, words)
            due_now(store, "to")
            async with staged(valkey.url(DB)):
                await until(lambda: not store.exists(NOTIFY_DUE, NOTIFY_TRIES))
            first, second = map(headers, receiver.requests)
            assert first["webhook-id"] == second["webhook-id"]
            assert first["webhook-timestamp"] <= second["webhook-timestamp"]

    run(test())


@pytest.mark.parametrize("form", ["seconds", "a date"])
def test_a_service_says_when_to_come_again(
    valkey: Valkey, store: redis.Redis, journals: Journals, form: str
) -> None:
    hour = 3600.0
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=hour), usegmt=True)
    later = status(429, f"retry-after: {3600 if form == 'seconds' else date}\n")

    async def test() -> None:
        async with receiving(later) as receiver, staged(valkey.url(DB)) as stage:
            await stage.webhook(receiver)
            journals.task().finish()
            before = time.time()
            due_now(store)
            await until(lambda: store.exists(NOTIFY_TRIES))
            [(_, due)] = cast("list[tuple[str, float]]", store.zrange(NOTIFY_DUE, 0, -1, withscores=True))
            assert due / 1000 - before > hour - LONG

    run(test())


def test_who_is_gone_is_disabled_and_told_no_more(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        gone = said("HTTP/1.1 410 Gone\ncontent-length: 0\n\n")
        async with receiving(gone) as receiver, staged(valkey.url(DB)) as stage:
            target = await stage.webhook(receiver)
            journals.task().finish()
            due_now(store)
            await until(lambda: receiver.requests and not store.exists(NOTIFY_DUE))
            found = await stage.targets.get(target.id)
            assert found is not None
            assert found.disabled == "HTTP 410"
            [row] = await stage.records.given_up()
            assert (row.target, row.answer, row.tries) == (target.id, "HTTP 410", 1)
            # The append script does not even mark it.
            journals.task().finish()
            assert not store.exists(NOTIFY_DUE)

    run(test())


def test_a_message_is_given_up_after_its_last_try(valkey: Valkey, journals: Journals) -> None:
    async def test() -> None:
        busy = said("HTTP/1.1 500 No\ncontent-length: 0\n\n")
        async with receiving(busy) as receiver, staged(valkey.url(DB), works=False) as stage:
            target = await stage.webhook(receiver)
            task = journals.task()
            message = Message(target.id, End(task.finish(), task.id))
            [job] = await stage.post.prepare([(message, 9)])
            await stage.post.send(job)
            [row] = await stage.records.given_up()
            assert (row.task_id, row.tries, row.message) == (task.id, 10, message.id)
            assert stage.counts == {"refused": 1, "given_up": 1}
            found = await stage.targets.get(target.id)
            assert found is not None
            assert found.disabled is None

    run(test())


def test_what_is_due_to_a_disabled_target_is_given_up_and_listed(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(OK) as receiver, staged(valkey.url(DB)) as stage:
            target = await stage.webhook(receiver, disabled="HTTP 410")
            task = journals.task()
            message = Message(target.id, End(task.finish(), task.id))
            store.zadd(NOTIFY_DUE, {str(message): 0})
            await until(lambda: not store.exists(NOTIFY_DUE))
            [row] = await stage.records.given_up()
            assert (row.message, row.answer) == (message.id, "it is disabled: HTTP 410")
            assert (receiver.requests, stage.counts) == ([], {"given_up": 1})

    run(test())


def test_a_target_that_names_our_own_network_is_never_asked(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(OK) as receiver, staged(valkey.url(DB)) as stage:
            target = await stage.webhook(receiver, url="http://10.0.0.1:1/x")
            journals.task().finish()
            due_now(store)
            await until(lambda: store.hvals(NOTIFY_TRIES) == ["1"])
            health = await stage.records.health(target.id)
            assert health.error == "10.0.0.1 has an address that is not public."

    run(test())


def test_a_target_that_was_removed_is_told_nothing(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(OK) as receiver, staged(valkey.url(DB)) as stage:
            target = await stage.webhook(receiver)
            task = journals.task()
            end = End(task.finish(), task.id)
            await stage.due.expand(end, 0, [Message(target.id, end)])
            await stage.targets.remove(target.id)
            due_now(store)
            await until(lambda: not store.exists(NOTIFY_DUE))
            assert receiver.requests == []

    run(test())


def test_a_host_that_does_not_answer_holds_up_nobody(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    """More is due to a dead host than all that may be under way, and it is older."""

    async def test() -> None:
        async with (
            receiving(silent) as dead,
            receiving(OK) as well,
            staged(valkey.url(DB), works=False, total=LONG) as stage,
        ):
            targets = [
                (await stage.webhook(dead, host="dead.example", every=False), range(100)),
                (await stage.webhook(well, host="well.example", every=False), range(100, 120)),
            ]
            tasks = [journals.task() for _ in range(120)]
            ends = [End(task.finish(), task.id) for task in tasks]
            for target, ages in targets:
                for age in ages:
                    store.zadd(NOTIFY_DUE, {str(Message(target.id, ends[age])): age})
            async with sending(stage.sender):
                await until(lambda: len(task_ids(well)) == 20)
                assert 0 < len(dead.requests) <= Pace.NEW.value

    run(test())


def test_what_is_due_goes_out_in_order_of_age(valkey: Valkey, store: redis.Redis, journals: Journals) -> None:
    sent: list[str] = []

    class Recorder(Post):
        """Whose turn it is; the network may turn round what is under way at once."""

        async def send(self, job: Job) -> tuple[bool, float]:
            sent.append(job.message.end.task_id)
            return await super().send(job)

    async def test() -> None:
        async with (
            receiving(OK) as receiver,
            staged(valkey.url(DB), works=False, slow=LONG, post=Recorder) as stage,
        ):
            await stage.webhook(receiver)
            tasks = [journals.task() for _ in range(150)]
            for age, task in enumerate(reversed(tasks)):
                store.zadd(NOTIFY_DUE, {str(End(task.finish(), task.id)): age})
            async with sending(stage.sender):
                await until(lambda: len(task_ids(receiver)) == len(tasks))
            assert sent == [task.id for task in reversed(tasks)]

    run(test())


def test_whoever_dies_with_a_message_in_hand_another_sends_it(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    held: list[asyncio.StreamWriter] = []

    async def first_is_lost(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        if len(held) == 1:
            await asyncio.Event().wait()
        await OK(reader, writer)

    async def test() -> None:
        async with receiving(first_is_lost) as receiver:
            async with staged(valkey.url(DB)) as stage:
                await stage.webhook(receiver)
                journals.task().finish()
                due_now(store)
                await until(lambda: receiver.requests)
            assert store.zcard(NOTIFY_DUE) == 1
            due_now(store, "to")  # its lease is over
            async with staged(valkey.url(DB)):
                await until(lambda: not store.exists(NOTIFY_DUE))
            first, second = map(headers, receiver.requests)
            assert first["webhook-id"] == second["webhook-id"]

    run(test())


def test_a_task_whose_journal_is_gone_is_told_nothing(
    valkey: Valkey, store: redis.Redis, journals: Journals
) -> None:
    async def test() -> None:
        async with receiving(OK) as receiver, staged(valkey.url(DB)) as stage:
            await stage.webhook(receiver)
            task = journals.task()
            task.finish()
            task.lose()
            due_now(store)
            await until(lambda: not store.exists(NOTIFY_DUE))
            assert receiver.requests == []

    run(test())
