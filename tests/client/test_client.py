"""The client, against a real gateway: what it yields is the journal, whatever happens on the way."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from celery import group
from redis import Redis

from taskbeam import client as errors
from taskbeam.client import (
    Client,
    DataEvent,
    FeedEvent,
    GapEvent,
    ProgressEvent,
    RecordsExpired,
    Refused,
    RollupEvent,
    StateEvent,
    SyncClient,
    TaskError,
    Unauthenticated,
    UnknownTask,
)
from taskbeam.journal import events
from tests.support.closing import close_app
from tests.support.gateway import gateway
from tests.support.relay import CALM, Relay, Weather
from tests.support.results import results_at
from tests.support.tokens import API_KEY, sign
from tests.taskbeam.apps import results_app

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

    T = TypeVar("T")

DEADLINE = 60


@pytest.fixture
def task(journals: Journals) -> Task:
    return journals.task(labels={"owner": "ada"})


def token(**more: Any) -> str:
    return sign(**({"owner": "ada"} | more))


def run(use: Callable[[], Awaitable[T]], deadline: float = DEADLINE) -> T:
    async def bounded() -> T:
        async with asyncio.timeout(deadline):
            return await use()

    return asyncio.run(bounded())


async def followed(client: Client, task: Task, after: str | None = None) -> list[Any]:
    return [event async for event in client.follow(task.id, after=after)]


def journal(task: Task) -> list[str]:
    return [str(record.id) for record in task.records()]


def test_a_task_from_its_start_to_its_end(url: str, task: Task) -> None:
    task.append(progress={"current": 1, "total": 4, "percent": 25.0}, estimate={"end": 3.5})
    task.append({"rows": 3}, type="data")
    task.append(state=events.SUCCESS, type="state", final=True, result={"total": 3})

    async def use() -> list[Any]:
        async with Client(url, token=token()) as client:
            return await followed(client, task)

    found = run(use)
    assert [event.id for event in found] == journal(task)
    match found:
        case [
            StateEvent(state="PENDING"),
            ProgressEvent(progress=errors.Progress(percent=25.0), estimate=errors.Estimate(end=3.5)),
            DataEvent(data={"rows": 3}),
            StateEvent(state="SUCCESS", result={"total": 3}, final=True),
        ]:
            pass
        case _:
            raise AssertionError(found)


def test_live_events_come_as_they_are_written(url: str, task: Task) -> None:
    async def use() -> None:
        async with Client(url, token=token()) as client, aclosing(client.follow(task.id)) as following:
            assert (await anext(following)).id == journal(task)[0]
            for number in range(5):
                appended = await asyncio.to_thread(task.append, number)
                assert (await anext(following)).id == str(appended)

    run(use)


def test_a_cursor_goes_on_and_a_lost_one_is_a_gap(url: str, task: Task, journals: Journals) -> None:
    task.grow(3)
    task.finish()
    short = journals.task(limit=4, labels={"owner": "ada"})
    short.grow(8)
    short.finish()

    async def use() -> None:
        async with Client(url, token=token()) as client:
            found = await followed(client, task, after=journal(task)[2])
            assert [event.id for event in found] == journal(task)[3:]
            gap, *rest = await followed(client, short)
            assert isinstance(gap, GapEvent)
            assert (gap.gap.reason, gap.snapshot and gap.snapshot.final) == ("trimmed", True)
            assert [event.id for event in rest] == journal(short)
            assert await followed(client, task, after=journal(task)[-1]) == []

    run(use)


@pytest.mark.parametrize("reset", [False, True])
def test_cut_at_any_byte_it_ends_with_the_journal(
    url: str, relay: Relay, task: Task, monkeypatch: pytest.MonkeyPatch, *, reset: bool
) -> None:
    monkeypatch.setattr("taskbeam.client.following.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("taskbeam.client.following.LAST_PAUSE", 0.05)
    task.grow(40)
    task.finish()
    where = random.Random(7)

    async def use() -> list[Any]:
        found = []
        async with Client(url, token=token()) as client:
            # Enough for the header and an event, or nothing would ever come.
            relay.weather = Weather(cut_at=where.randint(1000, 3000), reset=reset)
            async for event in client.follow(task.id):
                found.append(event)
                relay.weather = Weather(cut_at=where.randint(1000, 3000), reset=reset)
        return found

    assert [event.id for event in run(use)] == journal(task)


def test_where_a_stream_is_held_back_it_polls(
    url: str, relay: Relay, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskbeam.client.following.SILENCE", 0.5)
    relay.weather = Weather(hold=True)

    async def use() -> list[Any]:
        found = []
        # The relay lets an answer through when its connection ends.
        async with Client(url, token=token(), headers={"Connection": "close"}) as client:
            async for event in client.follow(task.id):
                found.append(event.id)
                if len(found) == 1:
                    await asyncio.to_thread(task.finish)
        return found

    assert run(use) == journal(task)


def test_a_token_that_expires_is_got_anew(url: str, task: Task) -> None:
    got = 0

    async def get() -> str:
        nonlocal got
        got += 1
        # Tokens are taken up to 5 s after their end.
        return token(exp=time.time() - 4) if got == 1 else token()

    async def use() -> list[Any]:
        found = []
        async with Client(url, token=get) as client:
            following = asyncio.create_task(followed(client, task))
            while got < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await asyncio.to_thread(task.finish)
            found = await following
        return [event.id for event in found]

    assert run(use) == journal(task)


@pytest.mark.parametrize(
    ("given", "kind"),
    [(None, Unauthenticated), ("nonsense", Unauthenticated), (lambda: "nonsense", Unauthenticated)],
)
def test_without_a_valid_token_it_is_refused(url: str, task: Task, given: Any, kind: type[Refused]) -> None:
    async def use() -> None:
        async with Client(url, token=given) as client:
            with pytest.raises(kind) as raised:
                await followed(client, task)
            assert (raised.value.code, raised.value.status) == ("unauthenticated", 401)
            with pytest.raises(kind):
                await client.snapshot(task.id)

    run(use)


def test_what_is_not_there_and_what_is_gone(url: str, journals: Journals) -> None:
    gone = journals.task(labels={"owner": "ada"})
    gone.finish()

    async def use() -> None:
        async with Client(url, token=token()) as client:
            with pytest.raises(UnknownTask):
                await client.result("nobody-sent-it")
            with pytest.raises(ValueError, match="no-cursor"):
                await followed(client, gone, after="no-cursor")
            journals.redis.delete(gone.keys.log, gone.keys.head)
            with pytest.raises((RecordsExpired, UnknownTask)):
                await client.result(gone.id)

    run(use)


FAULT = {"code": "no_paper", "message": "The printer has no paper", "ref": "1a2b"}


@pytest.mark.parametrize(
    ("state", "members", "kind", "code"),
    [
        ("FAILURE", {"error": FAULT}, errors.TaskFailed, "no_paper"),
        ("REVOKED", {"error": FAULT | {"code": "revoked"}}, errors.TaskRevoked, "revoked"),
        ("REVOKED", {"error": FAULT | {"code": "expired"}}, errors.TaskExpired, "expired"),
        ("REJECTED", {"error": FAULT | {"code": "rejected"}}, errors.TaskRejected, "rejected"),
        ("IGNORED", {}, errors.TaskIgnored, "ignored"),
        ("LOST", {"error": FAULT | {"code": "worker_lost"}}, errors.TaskLost, "worker_lost"),
        ("SUCCESS", {"result_omitted": True}, errors.ResultOmitted, "result_omitted"),
    ],
)
def test_each_fate_has_its_exception(
    url: str, task: Task, state: str, members: dict[str, Any], kind: type[TaskError], code: str
) -> None:
    task.append(state=state, type="state", final=True, **members)

    async def use() -> None:
        async with Client(url, token=token()) as client:
            with pytest.raises(kind) as raised:
                await client.result(task.id)
            assert type(raised.value) is kind
            assert (raised.value.task_id, raised.value.state, raised.value.code) == (task.id, state, code)
            if "error" in members:
                assert (raised.value.message, raised.value.ref) == (FAULT["message"], "1a2b")
                assert f"Task {task.id}: {state} ({code})" in str(raised.value)

    run(use)


def test_a_result_is_waited_for_and_not_for_ever(url: str, task: Task) -> None:
    async def use() -> None:
        async with Client(url, token=token()) as client:
            with pytest.raises(TimeoutError):
                await client.result(task.id, timeout=0.2)
            waiting = asyncio.create_task(client.result(task.id, timeout=DEADLINE))
            await asyncio.to_thread(task.wait_for_subscribers)
            await asyncio.to_thread(
                task.append, state=events.SUCCESS, type="state", final=True, result=[1, None]
            )
            assert await waiting == [1, None]

    run(use)


def test_a_result_of_none_is_one(url: str, task: Task) -> None:
    task.append(state=events.SUCCESS, type="state", final=True, result=None)
    with SyncClient(url, token=token()) as client:
        assert client.result(task.id) is None


def test_cancel_and_snapshot(url: str, task: Task) -> None:
    async def use() -> None:
        async with Client(url, token=token()) as client:
            assert (await client.snapshot(task.id)).state == "PENDING"
            assert await client.cancel(task.id) == "requested"
            task.finish()
            snapshot = await client.snapshot(task.id)
            assert (snapshot.state, snapshot.raw["last_event_id"]) == ("SUCCESS", journal(task)[-1])
            with pytest.raises(Refused) as raised:
                await client.cancel(task.id)
            assert (raised.value.code, raised.value.status) == ("too_late", 409)

    run(use)


def test_a_send_whose_answer_is_lost_sends_one_task(url: str, relay: Relay, valkey: Valkey) -> None:
    async def use() -> None:
        headers = {"X-API-Key": API_KEY, "Taskbeam-Owner": "user-7"}
        async with Client(url, headers=headers) as client:
            relay.weather = Weather(cut_at=30)
            sending = asyncio.create_task(client.send("reports", json={"user_id": 7}))
            with Redis.from_url(valkey.url(0)) as broker:
                while not broker.llen("reports"):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                relay.weather = Weather()
                sent = await sending
                assert broker.llen("reports") == 1
            assert sent.token is not None
            assert set(sent.urls) == {"self", "events", "ws", "cancel"}
            async with aclosing(client.follow(sent)) as following:
                assert (await anext(following)).raw["state"] == "PENDING"
            with pytest.raises(Refused) as raised:
                await client.send("reports", json={"user_id": "nobody"})
            assert raised.value.code == "invalid_request"

    run(use)


def test_a_feed_lists_and_goes_on_live(url: str, journals: Journals) -> None:
    owner = "feed-of-the-client"
    first, second = (journals.task(labels={"owner": owner}) for _ in range(2))

    async def use() -> None:
        async with Client(url, token=token(owner=owner)) as client, aclosing(client.feed("owner:me")) as feed:
            listed = [await anext(feed) for _ in range(2)]
            assert [isinstance(each, FeedEvent) and each.event.task_id for each in listed] == [
                first.id,
                second.id,
            ]
            late = journals.task(labels={"owner": owner})
            first.finish()
            seen = [await anext(feed) for _ in range(2)]
            found = [(each.event.task_id, each.event.state) for each in seen if isinstance(each, FeedEvent)]
            assert found == [(late.id, "PENDING"), (first.id, "SUCCESS")]
            assert [event.raw["rollup"]["total"] for event in seen] == [3, 3]

    run(use)


def test_what_is_reported_between_the_list_and_the_stream_is_not_missed(url: str, journals: Journals) -> None:
    owner = "between-the-list-and-the-stream"
    task = journals.task(labels={"owner": owner})
    task.append()
    behind: list[str] = []

    async def report(response: httpx.Response) -> None:
        if not response.url.path.endswith("/events"):
            behind.append(str(await asyncio.to_thread(task.append)))

    async def use() -> None:
        async with (
            httpx.AsyncClient(event_hooks={"response": [report]}) as http,
            Client(url, token=token(owner=owner), http=http) as client,
            aclosing(client.feed("owner:me")) as feed,
        ):
            listed, told = [await anext(feed) for _ in range(2)]
            assert listed.raw["event"]["id"] == journal(task)[-2]
            assert [told.raw["event"]["id"]] == behind

    run(use)


def test_a_feed_says_how_large_its_group_is(url: str, valkey: Valkey) -> None:
    """An event of the counts alone is about no task."""
    app = results_app("taskbeam+" + results_at(valkey.url(1)))
    sent = group([app.signature("light")] * 2, app=app).apply_async()
    close_app(app)
    name = f"group:{sent.id}"

    async def use() -> None:
        async with (
            Client(url, token=sign(feeds=[name])) as client,
            aclosing(client.feed(name, after="0-0")) as feed,
        ):
            found = [await anext(feed) for _ in range(3)]
        assert [type(each) for each in found] == [FeedEvent, FeedEvent, RollupEvent]
        assert isinstance(found[-1], RollupEvent)
        assert found[-1].rollup["size"] == 2

    run(use)


def test_without_an_event_loop(url: str, task: Task) -> None:
    task.grow(3)
    with SyncClient(url, token=token) as client:
        following = client.follow(task.id, timeout=DEADLINE)
        found = [next(following).id for _ in range(4)]
        task.finish()
        found += [event.id for event in following]
        assert found == journal(task)
        assert client.snapshot(task.id).state == "SUCCESS"
        with pytest.raises(Refused):
            client.cancel(task.id)
        with pytest.raises(Refused):
            client.send("reports", json={"user_id": 1})
        with closing(client.feed("owner:me")) as feed:
            assert next(feed).raw


def test_without_an_event_loop_it_waits_no_longer_than_it_may(url: str, task: Task) -> None:
    first = journal(task)[0]

    def ends(client: SyncClient, seconds: float) -> list[str | None]:
        """What comes in so many seconds, after which it is over."""
        found: list[str | None] = []
        with pytest.raises(TimeoutError):
            found.extend(event.id for event in client.follow(task.id, timeout=seconds))
        return found

    with SyncClient(url, token=token()) as client:
        # A slow machine takes longer to bring the first one.
        assert any(ends(client, seconds) == [first] for seconds in (0.5, 5.0, 30.0))


def test_a_gateway_that_is_not_there_is_waited_for_and_a_call_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("taskbeam.client.requests.FIRST_PAUSE", 0.01)

    async def use() -> None:
        async with Client("http://127.0.0.1:1") as client:
            with pytest.raises(TimeoutError):
                await client.result("any", timeout=0.3)
            with pytest.raises(httpx.ConnectError):
                await client.snapshot("any")

    run(use)


def test_many_followers_of_one_process_end_with_the_journals(
    served: Gateway,
    valkey: Valkey,
    settings: dict[str, Any],
    journals: Journals,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """500 followers of 20 tasks: connections are cut at random bytes, the gateway dies and another one takes
    its place, and the first token of each is good for two seconds.
    """
    monkeypatch.setattr("taskbeam.client.following.FIRST_PAUSE", 0.05)
    monkeypatch.setattr("taskbeam.client.following.LAST_PAUSE", 0.5)
    tasks = [journals.task(labels={"owner": "ada"}) for _ in range(20)]
    followers = 25 * len(tasks)
    where = random.Random(11)
    got = 0

    def get() -> str:
        nonlocal got
        got += 1
        # Tokens are taken up to 5 s after their end.
        return token(exp=time.time() - 3) if got <= followers else token()

    # At once: 500 clients that come back leave a loop few turns for anything else.
    def append_to_all() -> None:
        for task in tasks:
            task.append("news")

    def finish_all() -> None:
        for task in tasks:
            task.finish()

    async def use(first: Gateway, relay: Relay) -> list[list[Any]]:
        async def tell(*weathers: Weather) -> None:
            for relay.weather in weathers:
                await asyncio.to_thread(append_to_all)

        async with (
            Client(f"http://127.0.0.1:{relay.port}", token=get) as client,
            asyncio.TaskGroup() as group,
        ):
            following = [group.create_task(followed(client, task)) for task in tasks * 25]
            cuts = [Weather(cut_at=where.randint(200, 4000), reset=where.random() < 0.5) for _ in range(6)]
            await tell(CALM, *cuts)
            await asyncio.to_thread(first.process.kill)
            await tell(CALM)
            relay.behind = served.port
            await tell(*cuts[:2], CALM)
            # Each is refused when its first token has expired, and gets another one.
            while got < 2 * followers:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await asyncio.to_thread(finish_all)
            return [await each for each in following]

    with gateway(valkey.url().removesuffix("/0"), **settings) as first, Relay(first.port) as relay:
        found = run(lambda: use(first, relay), 4 * DEADLINE)
    expected = {(task.id, *journal(task)): 25 for task in tasks}
    assert Counter((each[0].task_id, *(event.id for event in each)) for each in found) == expected


def test_the_raw_body_is_what_the_gateway_sent(url: str, task: Task) -> None:
    task.finish()

    async def use() -> list[Any]:
        async with Client(url, token=token()) as client:
            return await followed(client, task)

    assert [event.raw for event in run(use)] == [json.loads(body) for body in task.bodies()]
