"""What goes to the append script, in the order in which its own table names it."""

from __future__ import annotations

import json
import re

import pytest

from taskbeam.journal.entry import Appended, Entry, Registration, Verdict, new_token, read_ids, write_ids
from taskbeam.journal.events import EventId
from taskbeam.journal.keys import ShardedKeys
from taskbeam.journal.limits import Limits
from taskbeam.journal.scripts import APPEND

KEYS = ShardedKeys("celery-task-meta-7")
ENTRY = Entry(
    keys=KEYS,
    task_id="7",
    token="token",
    run="run",
    state="STATE",
    birth=True,
    ends_run=True,
    limits=Limits(limit=9, expires=60),
    delay=5,
    name="name",
    type="type",
    members={"data": "[1]"},
    meta=b"meta",
    registration=Registration(runs_key="runs", row="row"),
    ts=17.5,
)


class TestArguments:
    def test_the_rules_are_an_object_without_what_is_absent(self) -> None:
        rules, front, back, meta = ENTRY.script_args()
        assert json.loads(rules) == {
            "token": "token",
            "type": "type",
            "run": "run",
            "state": "STATE",
            "birth": True,
            "ends_run": True,
            "limits": "9 - 60 60 -",
            "delay": 5,
            "name": "name",
            "row": "row",
            "channel": KEYS.channel,
            "publish": "SPUBLISH",
        }
        assert front == '"task_id":"7","type":"type",'
        assert back == '"ts":17.500000,"final":false,"data":[1]}'
        assert meta == b"meta"

    def test_the_keys_come_in_the_order_of_the_scripts_table(self) -> None:
        table = APPEND.text.decode().partition("KEYS")[2].partition("ARGV")[0]
        assert re.findall(r"^(?:--)?\s+\d+ (\w+)", table, re.MULTILINE) == [
            "result",
            "head",
            "log",
            "tombstone",
            "runs",
        ]
        assert ENTRY.script_keys() == (KEYS.result, KEYS.head, KEYS.log, KEYS.tombstone, "runs")


class TestTokens:
    def test_they_fit_a_lua_pattern_and_differ(self) -> None:
        tokens = {new_token() for _ in range(1000)}
        assert len(tokens) > 990
        assert all(re.fullmatch(r"[0-9a-f]{8}", token) for token in tokens)

    def test_each_entry_has_one_of_its_own(self) -> None:
        first, second = (Entry(keys=KEYS, task_id="7", type="state") for _ in range(2))
        tokens = [json.loads(entry.script_args()[0])["token"] for entry in (first, second, first, second)]
        assert len(set(tokens)) == 2
        assert tokens[:2] == tokens[2:]


@pytest.mark.parametrize("ids", [(), ("a",), ("a\nb", "50%", "%0A", "%250A", "\u2028", "c")])
def test_ids_are_read_as_they_were_written(ids: tuple[str, ...]) -> None:
    assert read_ids(write_ids(ids)) == ids
    assert read_ids(write_ids(ids).encode()) == ids


class TestReplies:
    @pytest.mark.parametrize(
        "reply", [[b"appended", b"17", 3, b"1", b"a\nb", b"5e"], ["appended", "17", "3", "1", "a\nb", "5e"]]
    )
    def test_a_connection_may_decode_them_or_not(self, reply: list[bytes | str | int]) -> None:
        assert Appended.from_reply(reply) == Appended(
            Verdict.APPENDED, EventId(17, 3), cancelled=True, dependents=("a", "b"), life="5e"
        )

    def test_they_name_the_optional_steps_that_failed(self) -> None:
        failed = Appended.from_reply(
            [b"appended", b"17", 3, b"", b"", b"5e", b"leave the queue: ERR", "set: WRONGTYPE"]
        )
        assert failed.failed == ("leave the queue: ERR", "set: WRONGTYPE")
