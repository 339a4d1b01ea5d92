"""All servers are given the same event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import redis

from benchmarks.load.payload import SIZE, Payload, new_task_id
from benchmarks.recipes.taskbeam import DATABASE, GREETING, command
from taskbeam.journal.events import Record
from taskbeam.journal.keys import task_keys

if TYPE_CHECKING:
    from stack.valkey import Valkey


@pytest.mark.parametrize("seq", [1, 10, 999, 12345])
def test_every_event_has_the_same_size_and_is_json(seq: int) -> None:
    body = Payload.now(new_task_id(), seq).body
    assert len(body) == SIZE
    assert json.loads(body)["id"].endswith(f"-{seq}")


def test_no_two_tasks_have_one_id() -> None:
    """Random ones would, among the hundreds of thousands that a run follows."""
    assert len({new_task_id() for _ in range(500_000)}) == 500_000


def test_what_our_journal_publishes_is_the_same_event(valkey: Valkey) -> None:
    payload = Payload.now(new_task_id(), 1)
    with redis.Redis.from_url(valkey.url(DATABASE)) as client:
        for sent in (*GREETING, command(payload)):
            client.execute_command(*sent)
        [raw] = client.lrange(task_keys(payload.task_id).log, 0, -1)
    ours, theirs = json.loads(Record.parse(raw).body), json.loads(payload.body)
    assert ours | {"id": theirs["id"]} == theirs
    assert len(Record.parse(raw).body) == SIZE
