"""What goes to the append script, in the order in which its own table names it."""

from __future__ import annotations

import re

import pytest

from taskbeam.events import EventId
from taskbeam.journal.entry import Appended, Entry, Verdict, new_token
from taskbeam.journal.scripts import APPEND
from taskbeam.keys import task_keys

KEYS = task_keys("7")
ENTRY = Entry(
    keys=KEYS,
    token="token",
    run="run",
    state="STATE",
    birth=True,
    final=False,
    ends_run=True,
    ttl=60,
    limit=9,
    name='"name"',
    type="type",
    front="front",
    back="back",
    meta=b"meta",
    sharded=True,
)


class TestArguments:
    def test_they_come_in_the_order_of_the_scripts_table(self) -> None:
        table = APPEND.text.decode().partition("ARGV")[2].partition("\n-- Returns")[0]
        names = re.findall(r"^(?:--)?\s+\d+ (\w+)", table, re.MULTILINE)
        assert dict(zip(names, ENTRY.script_args(), strict=True)) == {
            "token": "token",
            "run": "run",
            "state": "STATE",
            "birth": 1,
            "final": 0,
            "ends_run": 1,
            "ttl": 60,
            "limit": 9,
            "name": '"name"',
            "type": "type",
            "front": "front",
            "back": "back",
            "meta": b"meta",
            "channel": KEYS.channel,
            "publish": "SPUBLISH",
        }

    def test_the_keys_come_in_the_order_of_the_scripts_table(self) -> None:
        assert ENTRY.script_keys() == (KEYS.result, KEYS.head, KEYS.log)


class TestTokens:
    def test_they_fit_a_lua_pattern_and_differ(self) -> None:
        tokens = {new_token() for _ in range(1000)}
        assert len(tokens) > 990
        assert all(re.fullmatch(r"[0-9a-f]{8}", token) for token in tokens)

    def test_each_entry_has_one_of_its_own(self) -> None:
        first, second = (Entry(keys=KEYS, type="state", front="", back="}") for _ in range(2))
        assert first.token != second.token


class TestReplies:
    @pytest.mark.parametrize("reply", [[b"appended", b"17", 3], ["appended", "17", "3"]])
    def test_a_connection_may_decode_them_or_not(self, reply: list[bytes | str | int]) -> None:
        assert Appended.from_reply(reply) == (Appended(Verdict.APPENDED, EventId(17, 3)))
