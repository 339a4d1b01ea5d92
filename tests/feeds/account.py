"""What tasks have said, heard where Redis publishes it, beside what a feed has of it."""

from __future__ import annotations

import json
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple, Self

from taskbeam.journal.events import Record
from taskbeam.journal.keys import task_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    import redis


#: Behind all that is to be heard.
_END = b"end"


class Said(NamedTuple):
    """What an event says of its task."""

    task: str
    state: str


def transitions(said: Iterable[Said]) -> list[Said]:
    """Those that tell another state than the task had before."""
    states: dict[str, str] = {}
    found: list[Said] = []
    for each in said:
        if states.get(each.task) != each.state:
            found.append(each)
        states[each.task] = each.state
    return found


def differences(told: list[Said], due: list[Said], numbers: list[int]) -> list[str]:
    """What is wrong with a feed that told these, under these numbers, and had to tell those."""
    wrong = [] if numbers == list(range(1, len(told) + 1)) else [f"its numbers are {numbers}"]
    wrong += [f"missing: {each.task} {each.state}" for each in due if told.count(each) < due.count(each)]
    wrong += [f"twice: {each.task} {each.state}" for each in told if told.count(each) > due.count(each)]
    return wrong or (["they are in another order"] if told != due else [])


class Ear:
    """Hears the events of all tasks from the moment it is there, in their order; to be used in a `with`."""

    def __init__(self, client: redis.Redis) -> None:
        self._pubsub = client.pubsub(ignore_subscribe_messages=True)
        self._pubsub.psubscribe(task_keys("*").channel)
        self._pubsub.get_message(ignore_subscribe_messages=False, timeout=60)
        self.said: list[Said] = []
        self._thread = Thread(target=self._listen, name="ear", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._pubsub.close()

    def hear_out(self, client: redis.Redis) -> None:
        """Return when all that has been said was heard; what comes later is not."""
        client.publish(task_keys("*").channel, _END)
        self._thread.join()

    def of(self, tasks: set[str]) -> list[Said]:
        """What these have said so far."""
        return [each for each in self.said if each.task in tasks]

    def _listen(self) -> None:
        for message in self._pubsub.listen():
            if message["data"] == _END:
                return
            event = json.loads(Record.parse(message["data"]).body)
            self.said.append(Said(event["task_id"], event["state"]))
