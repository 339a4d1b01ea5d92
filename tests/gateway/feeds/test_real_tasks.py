"""An owner's real tasks: every follower hears the same transitions, which are those of the journals."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from taskbeam import labelled
from taskbeam.journal.events import FINAL_STATES
from tests.support.closing import close_app
from tests.support.event_stream import EventStream
from tests.support.jobs import jobs_app
from tests.support.results import emptied, names, results_at
from tests.support.waiting import wait_until
from tests.support.worker import worker

if TYPE_CHECKING:
    import redis
    from celery import Celery

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway

Transitions = list[tuple[str, str]]

#: Enough that several are under way while followers join.
ROUNDS, FOLLOWERS = 10, 6


def send(app: Celery) -> list[str]:
    """Tasks of each kind: they succeed, fail, retry, and tell what they do."""
    jobs: list[tuple[str, list[Any]]] = [
        ("jobs.add", [1, 2]),
        ("jobs.broken", []),
        ("jobs.flaky", []),
        ("jobs.digest", [3]),
    ]
    with labelled(owner="told"):
        return [app.send_task(name, args).id for _ in range(ROUNDS) for name, args in jobs]


def follow(served: Gateway, tasks: int) -> Transitions:
    """All transitions from the start until so many tasks have ended."""
    heard: Transitions = []
    ended: set[str] = set()
    with EventStream(served, "owner:told", "?after=0-0", collection="feeds") as stream:
        while len(ended) < tasks:
            event = stream.event()
            if "id" in event:
                told = event["event"]
                heard.append((told["task_id"], told["state"]))
                ended |= {told["task_id"]} if told["state"] in FINAL_STATES else set()
    return heard


def have_ended(client: redis.Redis, tasks: list[str], count: int) -> bool:
    """Whether so many of the tasks have a result."""
    return sum(client.exists(names(task_id).result) for task_id in tasks) >= count


def journal(client: redis.Redis, task_id: str) -> list[str]:
    """The states that a task was in, one after the other."""
    log = cast("list[bytes]", client.lrange(names(task_id).log, 0, -1))
    states = [json.loads(record.split(b" ", 2)[2])["state"] for record in log]
    return [state for place, state in enumerate(states) if place == 0 or state != states[place - 1]]


def test_followers_of_an_owner_hear_what_the_journals_have(served: Gateway, valkey: Valkey) -> None:
    broker, backend = valkey.url(4), "taskbeam+" + results_at(valkey.url(1))
    app = jobs_app(broker, backend)
    with (
        emptied(valkey.url(1)) as client,
        ThreadPoolExecutor(FOLLOWERS) as threads,
        worker(broker, backend),
    ):
        count = 4 * ROUNDS
        following = [threads.submit(follow, served, count)]
        tasks = send(app)
        for part in range(1, FOLLOWERS):
            ended = part * count // FOLLOWERS
            wait_until(partial(have_ended, client, tasks, ended))
            following.append(threads.submit(follow, served, count))
        first, *others = [each.result(120) for each in following]
        assert all(other == first for other in others)
        for task_id in tasks:
            assert [state for told, state in first if told == task_id] == journal(client, task_id)
        close_app(app)
