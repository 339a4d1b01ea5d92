"""What a client asks for of a stream, and what it then gets: pure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskbeam.follow.event import Event, gap_event
from taskbeam.follow.filters import MAX_NAMES, Filter, Passed
from taskbeam.gateway.delivery.part import Part, PartAsked
from taskbeam.gateway.problems import BAD_CURSOR, INVALID_REQUEST, TaskbeamError
from taskbeam.journal.events import EventId, Record, Tail
from taskbeam.journal.history import Gap

STATES_ALONE = Filter(frozenset({"state"}), None)


def event(seq: int, type: str = "progress", state: str = "PROGRESS", **more: Any) -> Event:  # noqa: A002
    body = {"id": f"1-{seq}", "task_id": "x", "type": type, "state": state, "final": False} | more
    return Event(EventId(1, seq), json.dumps(body).encode())


def of_a_feed(inner: Event, seq: int | None, **more: Any) -> Event:
    body = {"feed": "owner:ada", "type": "task", "event": json.loads(inner.body)} | more
    return Event(None if seq is None else EventId(2, seq), json.dumps(body).encode())


class TestAsking:
    @pytest.mark.parametrize(
        ("asked", "part"),
        [
            (PartAsked(), Part()),
            (PartAsked("1-7"), Part(EventId(1, 7))),
            (PartAsked("", tail="0"), Part(Tail(0))),
            (PartAsked(None, tail=1000), Part(Tail(1000))),
            (PartAsked("1-7", tail=20), Part(EventId(1, 7))),
            (PartAsked(None, "state,log"), Part(None, Filter(frozenset({"state", "log"}), None))),
            (PartAsked(None, ["state"]), Part(None, STATES_ALONE)),
            (PartAsked(None, None, "Wörk"), Part(None, Filter(None, frozenset({"Wörk"})))),
        ],
    )
    def test_is_understood(self, asked: PartAsked, part: Part) -> None:
        assert asked.parse() == part

    @pytest.mark.parametrize("names", ["", ",", "state,", 7, True, {}, [], [7], [""], "s" * 101])
    @pytest.mark.parametrize("member", ["types", "states"])
    def test_of_names_that_are_none(self, member: str, names: object) -> None:
        asked = PartAsked(types=names) if member == "types" else PartAsked(states=names)
        with pytest.raises(TaskbeamError) as raised:
            asked.parse()
        assert raised.value.problem is INVALID_REQUEST

    @pytest.mark.parametrize("types", ["gap", "task", "State", "state progress", ["end"]])
    def test_of_types_that_nobody_knows(self, types: object) -> None:
        with pytest.raises(TaskbeamError) as raised:
            PartAsked(types=types).parse()
        assert raised.value.problem is INVALID_REQUEST

    def test_of_too_many_states(self) -> None:
        states = [str(number) for number in range(MAX_NAMES + 1)]
        assert PartAsked(states=states[1:]).parse().filter is not None
        with pytest.raises(TaskbeamError):
            PartAsked(states=states).parse()

    @pytest.mark.parametrize("tail", ["", "-1", -1, 1001, "1001", "9" * 99, "1.5", 1.5, True, "٣", "+1", []])
    def test_of_a_tail_that_is_none(self, tail: object) -> None:
        with pytest.raises(TaskbeamError) as raised:
            PartAsked(tail=tail).parse()
        assert raised.value.problem is INVALID_REQUEST

    def test_of_a_cursor_that_is_none(self) -> None:
        with pytest.raises(TaskbeamError) as raised:
            PartAsked("x", "state").parse()
        assert raised.value.problem is BAD_CURSOR


class TestTheFilter:
    def test_by_type_and_state(self) -> None:
        both = Filter(frozenset({"state", "log"}), frozenset({"STARTED"}))
        assert both.wants(event(1, "state", "STARTED"))
        assert not both.wants(event(1, "state", "PENDING"))
        assert not both.wants(event(1, "progress", "STARTED"))

    def test_shows_the_end_to_everybody(self) -> None:
        assert Filter(frozenset({"log"}), frozenset({"X"})).wants(event(1, "state", "SUCCESS", final=True))

    def test_shows_a_gap_to_everybody(self) -> None:
        gap = Gap(EventId(1, 1), EventId(1, 5), "trimmed")
        told = gap_event(b'"task_id":"x"', gap, Record(EventId(1, 9), False, event(9).body))
        assert Filter(frozenset({"log"}), frozenset({"X"})).wants(told)

    def test_looks_at_the_event_of_a_feeds_task(self) -> None:
        assert STATES_ALONE.wants(of_a_feed(event(1, "state"), 1))
        assert not STATES_ALONE.wants(of_a_feed(event(1), 1))

    def test_the_end_of_a_task_is_none_of_its_feed(self) -> None:
        ended = event(3, "state", "SUCCESS", final=True)
        wanted = Filter(None, frozenset({"FAILURE"}))
        assert not wanted.wants(of_a_feed(ended, 1))

    def test_the_end_of_a_group_is_for_everybody(self) -> None:
        ended = event(3, "state", "SUCCESS", final=True)
        wanted = Filter(frozenset({"log"}), frozenset({"FAILURE"}))
        assert not wanted.wants(of_a_feed(ended, 1, rollup={"open": 1, "final": False}))
        assert wanted.wants(of_a_feed(ended, 2, rollup={"open": 0, "final": True}))

    def test_a_roll_up_alone_is_a_type_of_its_own(self) -> None:
        told = Event(EventId(2, 1), b'{"id":"2-1","feed":"group:x","type":"rollup","rollup":{"size":3}}')
        assert not STATES_ALONE.wants(told)
        assert Filter(frozenset({"rollup"}), None).wants(told)

    def test_moves_the_cursor_past_what_it_leaves_out(self) -> None:
        wanted, left_out = event(1, "state"), event(2)
        assert STATES_ALONE.pick([left_out, wanted]) == [wanted]
        first, passed = STATES_ALONE.pick([wanted, left_out])
        assert (first, passed.id) == (wanted, left_out.id)
        assert isinstance(passed, Passed)

    def test_what_has_no_number_moves_no_cursor(self) -> None:
        assert STATES_ALONE.pick([of_a_feed(event(1), None)]) == []
        told = STATES_ALONE.pick([of_a_feed(event(1), 4), of_a_feed(event(1, "state"), None)])
        assert [each.id for each in told] == [None, EventId(2, 4)]

    def test_the_cursor_is_no_event_of_a_stream(self) -> None:
        """A block without data is not dispatched, and sets the last event id (HTML standard, 9.2.6)."""
        assert Passed(EventId(1, 7)).sse == b"id: 1-7\n\n"
        assert json.loads(Passed(EventId(1, 7)).body) == {"op": "cursor", "id": "1-7"}
