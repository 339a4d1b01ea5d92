"""What is due is sent: to real servers, which answer as they please, and whose senders die."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from redis.exceptions import ConnectionError  # noqa: A004
from standardwebhooks import Webhook

from taskbeam.cluster.exchange import first_key
from taskbeam.notifications.members import End, Message
from tests.support.receiver import said
from tests.support.results import control

from .conftest import DB
from .scene import OK, Scenes, status
from .stage import LONG, due_now, headers, run, sending, staged, until

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

    from stack.valkey import Valkey
    from taskbeam.journal.resp_connection import Part
    from tests.support.journal import Journals


@pytest.fixture
def scenes(valkey: Valkey, store: redis.Redis, journals: Journals) -> Scenes:
    return Scenes(valkey.url(DB), store, journals)


def test_a_webhook_is_told_and_can_verify_it(scenes: Scenes, journals: Journals) -> None:
    async def test() -> None:
        async with scenes.of(OK) as scene:
            task = journals.task(labels={"owner": "ada", "tags": "a\nb", "title": "Größe"})
            task.append(state="SUCCESS", type="state", final=True, result={"pages": 7})
            due_now(scene.store)
            await scene.until_done()
            [request] = scene.receiver.requests
            verified = Webhook(scene.target.secrets[0]).verify(request[1], headers(request))
            assert verified["type"] == "task.succeeded"
            assert verified["data"]["result"] == {"pages": 7}
            assert verified["data"]["labels"] == {"owner": "ada", "tags": ["a", "b"], "title": "Größe"}
            assert verified["data"]["id"] == str(task.records()[-1].id)
            assert (await scene.stage.records.health(scene.target.id)).sent is not None

    run(test())


@pytest.mark.parametrize("number", [200, 201, 202, 204])
def test_what_was_taken_is_done_with(scenes: Scenes, number: int) -> None:
    async def test() -> None:
        async with scenes.of(status(number)) as scene:
            scene.end()
            await scene.until_done()
            health = await scene.stage.records.health(scene.target.id)
            assert (health.sent is not None, health.error) == (True, None)
            assert scene.stage.counts == {"taken": 1}

    run(test())


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
def test_what_was_not_taken_comes_again_with_the_same_id_and_another_time(scenes: Scenes, how: str) -> None:
    refuse, words = REFUSALS[how]
    acts = [refuse]

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (acts.pop() if acts else OK)(reader, writer)

    async def test() -> None:
        async with scenes.of(act, works=False) as scene:
            async with staged(scenes.url, total=SHORT if words is LATE else LONG) as stage:
                scene.end()
                await scene.until_in_vain()
                health = await stage.records.health(scene.target.id)
                assert (health.sent, health.error) == (None, words)
            due_now(scene.store, "to")
            async with staged(scenes.url):
                await scene.until_done()
            first, second = map(headers, scene.receiver.requests)
            assert first["webhook-id"] == second["webhook-id"]
            assert first["webhook-timestamp"] <= second["webhook-timestamp"]

    run(test())


@pytest.mark.parametrize("form", ["seconds", "a date"])
def test_a_service_says_when_to_come_again(scenes: Scenes, form: str) -> None:
    hour = 3600.0
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=hour), usegmt=True)
    later = status(429, f"retry-after: {3600 if form == 'seconds' else date}\n")

    async def test() -> None:
        async with scenes.of(later) as scene:
            before = time.time()
            scene.end()
            await scene.until_in_vain()
            rows = scene.store.zrange(control().notify_due, 0, -1, withscores=True)
            [(_, due)] = cast("list[tuple[str, float]]", rows)
            assert due / 1000 - before > hour - LONG

    run(test())


def test_who_is_gone_is_disabled_and_told_no_more(scenes: Scenes) -> None:
    async def test() -> None:
        async with scenes.of(status(410)) as scene:
            scene.end()
            await scene.until_done()
            assert (await scene.kept()).disabled == "HTTP 410"
            [row] = await scene.stage.records.given_up()
            assert (row.target, row.answer, row.tries) == (scene.target.id, "HTTP 410", 1)
            # The append script does not even mark it.
            scene.journals.task().finish()
            assert not scene.store.exists(control().notify_due)

    run(test())


def test_a_message_is_given_up_after_its_last_try(scenes: Scenes, journals: Journals) -> None:
    async def test() -> None:
        async with scenes.of(status(500), works=False) as scene:
            task, stage = journals.task(), scene.stage
            message = Message(scene.target.id, End(task.finish(), task.id))
            [job] = await stage.post.prepare([(message, 9)])
            await stage.post.send(job)
            [row] = await stage.records.given_up()
            assert (row.task_id, row.tries, row.message) == (task.id, 10, message.id)
            assert stage.counts == {"refused": 1, "given_up": 1}
            assert (await scene.kept()).disabled is None

    run(test())


def test_what_is_due_to_a_disabled_target_is_given_up_and_listed(scenes: Scenes, journals: Journals) -> None:
    async def test() -> None:
        async with scenes.of(OK, {"disabled": "HTTP 410"}) as scene:
            task = journals.task()
            message = Message(scene.target.id, End(task.finish(), task.id))
            scene.put(message)
            await scene.until_done()
            [row] = await scene.stage.records.given_up()
            assert (row.message, row.answer) == (message.id, "it is disabled: HTTP 410")
            assert (scene.receiver.requests, scene.stage.counts) == ([], {"given_up": 1})

    run(test())


def test_a_target_that_names_our_own_network_is_never_asked(scenes: Scenes) -> None:
    async def test() -> None:
        async with scenes.of(OK, {"url": "http://10.0.0.1:1/x"}) as scene:
            scene.end()
            await scene.until_in_vain()
            health = await scene.stage.records.health(scene.target.id)
            assert health.error == "10.0.0.1 has an address that is not public."

    run(test())


def test_a_target_that_was_removed_is_told_nothing(scenes: Scenes, journals: Journals) -> None:
    async def test() -> None:
        async with scenes.of(OK) as scene:
            task = journals.task()
            end = End(task.finish(), task.id)
            await scene.stage.due.expand(end, 0, [Message(scene.target.id, end)])
            await scene.stage.targets.remove(scene.target.id)
            due_now(scene.store)
            await scene.until_done()
            assert scene.receiver.requests == []

    run(test())


def test_whoever_dies_with_a_message_in_hand_another_sends_it(scenes: Scenes) -> None:
    held: list[asyncio.StreamWriter] = []

    async def first_is_lost(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        if len(held) == 1:
            await asyncio.Event().wait()
        await OK(reader, writer)

    async def test() -> None:
        async with scenes.of(first_is_lost, works=False) as scene:
            async with staged(scenes.url):
                scene.end()
                await until(lambda: scene.receiver.requests)
            assert scene.store.zcard(control().notify_due) == 1
            due_now(scene.store, "to")  # its lease is over
            async with staged(scenes.url):
                await scene.until_done()
            first, second = map(headers, scene.receiver.requests)
            assert first["webhook-id"] == second["webhook-id"]

    run(test())


def test_a_task_whose_journal_is_gone_is_told_nothing(scenes: Scenes, journals: Journals) -> None:
    async def test() -> None:
        async with scenes.of(OK) as scene:
            task = journals.task()
            task.finish()
            task.lose()
            due_now(scene.store)
            await scene.until_done()
            assert scene.receiver.requests == []

    run(test())


def test_a_journal_that_cannot_be_read_holds_up_no_other_end(
    scenes: Scenes, journals: Journals, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On a cluster: the server of one task is away."""
    away, here = journals.task(), journals.task()

    async def test() -> None:
        async with scenes.of(OK, works=False) as scene:
            ends = [End(task.finish(), task.id) for task in (away, here)]
            due_now(scene.store)
            scene.put(Message(scene.target.id, ends[1], replayed=True))
            exchange = scene.stage.post.journals
            ask = exchange.ask

            def ask_here(then: Callable[[Any], None], *command: Part) -> None:
                if away.id in str(first_key(command)):
                    then(ConnectionError("the server is away"))
                else:
                    ask(then, *command)

            monkeypatch.setattr(exchange, "ask", ask_here)
            async with sending(scene.stage.sender):
                await until(lambda: scene.store.zrange(control().notify_due, 0, -1) == [str(ends[0])])
            assert len(scene.receiver.requests) == 2
            monkeypatch.undo()
            due_now(scene.store)  # its lease is over
            async with sending(scene.stage.sender):
                await scene.until_done()
            assert len(scene.receiver.requests) == 3

    run(test())
    assert [record.task_id for record in caplog.records if "Cannot read" in record.message] == [away.id]  # type: ignore[attr-defined]
