"""What has no number, and was told while nobody heard it: whoever goes live is told where the tasks stand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.gateway.transports.portable_socket import HIGH_WATER
from taskbeam.journal.feeds.bounds import STANDING_TASKS
from tests.support.tokens import TOKENS

from .owner import transitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.journal import Journals, Task

    from .owner import Owner

SETTINGS = TOKENS


@pytest.fixture
def running(owner: Owner) -> list[Task]:
    """Two tasks that run. One beside them waits, and one has ended."""
    owner.task()
    tasks = [owner.task(), owner.task()]
    for task in tasks:
        task.append({"text": "before the list"})
    owner.task().finish()
    return tasks


@pytest.fixture(params=["sse", "websocket"])
def joined(
    request: pytest.FixtureRequest, owner: Owner, running: list[Task]
) -> Iterator[Callable[[], dict[str, Any]]]:
    """Hears the feed from its list on; between the two, the tasks went on."""
    cursor = owner.list()["last_event_id"]
    for task in running:
        task.append({"text": "behind the list"})
    if request.param == "sse":
        with owner.stream(cursor) as stream:
            yield stream.event
    else:
        with owner.socket() as socket:
            socket.say(op="subscribe", feed="owner:me", after=cursor)
            assert socket.json()["op"] == "subscribed"
            yield socket.json


def test_it_is_told_to_whoever_joins(
    owner: Owner, running: list[Task], joined: Callable[[], dict[str, Any]]
) -> None:
    newest = [json.loads(task.bodies()[-1]) for task in running]
    assert [joined() for _ in running] == [
        {"feed": owner.feed, "type": "task", "event": event} for event in newest
    ]
    # Of tasks that wait, or have ended, there is nothing to tell.
    later = owner.task()
    assert joined()["event"] == json.loads(later.bodies()[-1])


def test_it_is_told_when_the_gateway_has_lost_its_connection_to_redis(
    journals: Journals, running: list[Task], joined: Callable[[], dict[str, Any]]
) -> None:
    for _ in running:
        joined()
    # It is in the journal, and nobody hears it.
    unheard = json.loads(running[0].append_unheard({"text": "unheard"}))
    journals.cut_subscriptions()
    told = joined()
    assert (told["event"], "id" in told) == (unheard, False)


def test_it_is_told_once_however_much_it_is(owner: Owner) -> None:
    """More than waits for a client at the most: it pauses, and then goes live a second time.

    There is a bound, and those behind it are the oldest.
    """
    assert STANDING_TASKS > HIGH_WATER
    old, *tasks = (owner.task() for _ in range(STANDING_TASKS + 1))
    for task in (old, *tasks):
        task.grow(2)
    with owner.socket() as socket:
        socket.say(op="subscribe", feed="owner:me", after=owner.list(limit=1)["last_event_id"])
        assert socket.json()["op"] == "subscribed"
        assert [socket.json()["event"]["task_id"] for _ in tasks] == [task.id for task in tasks]
        for _ in range(2):  # what is told again would come behind the first of them at the latest
            later = owner.task()
            assert transitions([socket.json()]) == [(later.id, "PENDING")]
