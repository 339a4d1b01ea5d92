"""What is not wanted is not sent: owners say so over HTTP, and senders heed it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from taskbeam.notifications.members import End, Message
from taskbeam.notifications.preferences import MOST, Preference
from tests.support.receiver import receiving, said
from tests.support.results import control

from .asking import asking
from .conftest import DB
from .stage import due_now, run, staged, until

if TYPE_CHECKING:
    import asyncio

    import redis

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task
    from tests.support.receiver import Receiver

OK = said("HTTP/1.1 204 No Content\n\n")
BUSY = said("HTTP/1.1 500 Busy\ncontent-length: 0\n\n")

PATH = "/notifications/preferences"
NONE = {"channel": "*", "tasks": "*", "tell": "none"}
SILENT = [Preference.model_validate(NONE)]


def told(receiver: Receiver) -> list[str]:
    """The tasks whose ends arrived."""
    return [json.loads(body)["data"]["task_id"] for _, body in receiver.requests]


def due(task: Task, target_id: str, *, replayed: bool = False) -> Message:
    return Message(target_id, End(task.records()[-1].id, task.id), replayed)


class TestASender:
    def test_counts_and_forgets_what_is_not_wanted(
        self, valkey: Valkey, store: redis.Redis, journals: Journals
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

    def test_sends_what_an_operator_calls_critical(
        self, valkey: Valkey, store: redis.Redis, journals: Journals
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

    def test_heeds_what_was_said_while_a_message_waited(
        self, valkey: Valkey, store: redis.Redis, journals: Journals
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

    def test_sends_once_more_what_somebody_wants_to_have_again(
        self, valkey: Valkey, store: redis.Redis, journals: Journals
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

    def test_tells_whom_it_does_not_understand(self, valkey: Valkey, store: redis.Redis) -> None:
        async def test() -> None:
            async with staged(valkey.url(DB), works=False) as stage:
                for stored in ("", "{}", '[{"channel":"pigeon","tasks":"*","tell":"none"}]'):
                    store.hset(control().notify_preferences, "ada", stored)
                    assert await stage.preferences.of_owner("ada") == ()

        run(test())


class TestOverHttp:
    def test_an_owner_says_what_to_tell_and_hears_nothing_else(
        self, served: Gateway, store: redis.Redis, journals: Journals
    ) -> None:
        async def test() -> None:
            async with receiving(OK) as receiver:
                with asking(served, owner="ada") as ada, asking(served, owner="bob") as bob:
                    for client in (ada, bob):
                        webhook = {"url": f"http://127.0.0.1:{receiver.port}/x"}
                        assert client.post("/webhooks", json=webhook).status_code == 201
                    wanted = {"preferences": [{"channel": "webhook", "tasks": "tests.*", "tell": "failures"}]}
                    assert ada.put(PATH, json=wanted).json() == wanted | {"critical": []}
                tasks = [journals.task(labels={"owner": owner}) for owner in ("ada", "ada", "bob")]
                tasks[0].finish()
                tasks[1].append(state="FAILURE", type="state", final=True, error={"code": "task_failed"})
                tasks[2].finish()
                due_now(store)
                await until(lambda: len(receiver.requests) >= 2 and not store.exists(control().notify_due))
                assert sorted(told(receiver)) == sorted([tasks[1].id, tasks[2].id])

        run(test())

    def test_what_is_said_takes_the_place_of_what_was(self, served: Gateway, store: redis.Redis) -> None:
        other = {"channel": "push", "tasks": "reports.*", "tell": "all"}
        with asking(served, owner="ada") as ada:
            assert ada.get(PATH).json() == {"preferences": [], "critical": []}
            for rows in ([NONE, other], [other], [other, NONE]):
                assert ada.put(PATH, json={"preferences": rows}).status_code == 200
                assert ada.get(PATH).json()["preferences"] == rows
            assert ada.put(PATH, json={"preferences": []}).status_code == 200
        assert not store.exists(control().notify_preferences)

    def test_nobody_elses_are_shown_or_changed(
        self, served: Gateway, store: redis.Redis, journals: Journals
    ) -> None:
        task = journals.task(labels={"owner": "ada"})
        with asking(served, owner="ada") as ada:
            ada.put(PATH, json={"preferences": [NONE]})
        with asking(served, owner="bob") as bob:
            assert bob.get(PATH).json()["preferences"] == []
            bob.put(PATH, json={"preferences": []})
        # A token for one task is no token for all of its owner's.
        with asking(served, tasks=[task.id], sub="ada") as holder:
            for answer in (holder.get(PATH), holder.put(PATH, json={"preferences": []})):
                assert (answer.status_code, answer.json()["code"]) == (404, "unknown_feed")
        assert store.hkeys(control().notify_preferences) == ["ada"]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            [],
            {"preferences": {}},
            {"preferences": [NONE], "critical": []},
            {"preferences": [NONE | {"tell": "some"}]},
            {"preferences": [NONE | {"channel": "email"}]},
            {"preferences": [NONE | {"owner": "bob"}]},
            {"preferences": [NONE | {"tasks": "*.make"}]},
            {"preferences": [NONE | {"tasks": ""}]},
            {"preferences": [NONE | {"tasks": "x" * 256}]},
            {"preferences": [{"tell": "none"}]},
            {"preferences": [NONE] * (MOST + 1)},
        ],
    )
    def test_what_nobody_can_want_is_refused_and_changes_nothing(
        self, served: Gateway, store: redis.Redis, body: object
    ) -> None:
        with asking(served, owner="ada") as ada:
            most = [NONE | {"tasks": "x" * 255}] * MOST
            assert ada.put(PATH, json={"preferences": most}).status_code == 200
            answer = ada.put(PATH, json=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
            assert ada.get(PATH).json()["preferences"] == most
        assert store.hkeys(control().notify_preferences) == ["ada"]
