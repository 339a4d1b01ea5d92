"""What a run says is written in order, or counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.celery.backlog import Backlog, bytes_of
from taskbeam.journal.entry import Delivery, Entry
from taskbeam.journal.keys import task_keys


def entry(text: str = "x") -> Entry:
    return Entry(keys=task_keys("7"), task_id="7", type="log", members={"data": f'"{text}"'})


def data_of(found: Entry | None) -> str | None:
    return found.members["data"].strip('"') if found is not None else None


def send(backlog: Backlog, delivery: Delivery = Delivery.WRITTEN) -> list[str | None]:
    """Send all that is due, with one outcome; what would be sent again and again is sent once."""
    sent: list[Entry] = []
    while (found := backlog.next()) is not None and found not in sent:
        found.delivery = delivery
        sent.append(found)
    return [data_of(each) for each in sent]


class TestOrder:
    def test_what_was_kept_is_sent_first(self) -> None:
        backlog = Backlog()
        for text in "abc":
            backlog.keep(entry(text))
        backlog.add(entry("d"))
        assert send(backlog) == ["a", "b", "c", "d"]
        assert backlog.next() is None

    def test_what_is_under_way_is_not_sent_again_unless_its_connection_was_lost(self) -> None:
        backlog, first = Backlog(), entry("a")
        backlog.add(first)
        first.delivery = Delivery.UNDER_WAY
        assert backlog.next() is None
        backlog.add(entry("b"))
        assert data_of(backlog.next()) == "b"
        first.delivery = Delivery.CUT
        assert send(backlog) == ["a", "b"]

    def test_what_was_turned_away_is_tried_again(self) -> None:
        backlog, first = Backlog(), entry("a")
        backlog.add(first)
        first.delivery = Delivery.TURNED_AWAY
        assert send(backlog) == ["a"]
        assert backlog.dropped == 0

    def test_what_was_turned_away_before_one_that_was_not_comes_too_late(self) -> None:
        """Memory was freed between two commands of one batch."""
        backlog, first, second = Backlog(), entry("a"), entry("b")
        backlog.add(first)
        backlog.add(second)
        first.delivery, second.delivery = Delivery.TURNED_AWAY, Delivery.WRITTEN
        assert backlog.next() is None
        assert backlog.dropped == 1

    @pytest.mark.parametrize("later", [Delivery.WRITTEN, Delivery.CUT, Delivery.UNDER_WAY])
    def test_what_was_overtaken_comes_too_late_where_a_later_one_may_be_there(self, later: Delivery) -> None:
        backlog, first, second = Backlog(), entry("a"), entry("b")
        backlog.add(first)
        backlog.add(second)
        first.delivery, second.delivery = Delivery.OVERTAKEN, later
        assert data_of(backlog.next()) == ("b" if later is Delivery.CUT else None)
        assert backlog.dropped == 1

    def test_what_was_overtaken_by_progress_is_sent_again(self) -> None:
        backlog, first = Backlog(), entry("a")
        backlog.add(first)
        first.delivery = Delivery.OVERTAKEN
        assert send(backlog) == ["a"]


class TestRoom:
    def test_what_does_not_fit_is_counted_and_told_by_the_next(self) -> None:
        backlog, last = Backlog(most_events=2), entry("e")
        for text in "abcd":
            backlog.keep(entry(text))
        assert send(backlog) == ["a", "b"]
        backlog.add(last)
        assert last.members["dropped"] == "2"
        assert backlog.dropped == 0

    def test_bytes_are_counted_as_they_are_sent(self) -> None:
        assert bytes_of(entry("é")) == 4
        backlog, third = Backlog(most_bytes=10), entry("c")
        backlog.keep(entry("a" * 5))
        backlog.keep(entry("b" * 5))
        backlog.keep(third)
        assert third.members["dropped"] == "1"
        assert send(backlog) == ["a" * 5, "c"]
        backlog.keep(entry("d" * 8))
        assert backlog.dropped == 0

    def test_what_redis_refuses_for_good_is_counted_with_what_it_had_to_carry(self) -> None:
        backlog, first, last = Backlog(most_events=1), entry("a"), entry("c")
        backlog.dropped = 3
        backlog.add(first)
        first.delivery = Delivery.REFUSED
        assert backlog.next() is None
        backlog.carry(last)
        assert last.members["dropped"] == "4"


@given(
    st.lists(st.sampled_from(["emit", "emit", "emit", "away", "back", "cut", "lost", "full"])),
    st.integers(0, 4),
    st.integers(1, 8),
)
def test_whatever_happens_all_is_written_once_in_order_or_counted(
    steps: list[str], most: int, most_under_way: int
) -> None:
    backlog, server, emitted = Backlog(most_events=most), Server(most_under_way), 0
    for step in steps:
        if step != "emit":
            server.become(step)
            continue
        each = entry(str(emitted))
        emitted += 1
        if server.there:
            backlog.add(each)
            server.take(backlog)
        else:
            backlog.keep(each)
    server.become("back")
    backlog.add(entry(str(emitted)))
    while backlog.next() is not None:
        server.take(backlog)
    server.answer()
    numbers = [int(data_of(each) or "") for each in server.written]
    dropped = sum(int(each.members.get("dropped", 0)) for each in server.written) + backlog.dropped
    assert numbers == sorted(set(numbers))
    assert len(numbers) + dropped == emitted + 1


class Server:
    """Takes entries in batches, whose answers come later; one that it has taken before changes nothing.

    ``away``: nothing is sent. ``cut``, ``lost``: the connection ends before the answers, and what is under
    way was written, or was not. ``full``: it takes nothing.
    """

    def __init__(self, most_under_way: int) -> None:
        self.there = True
        self.written: list[Entry] = []
        self._most = most_under_way
        self._under_way: list[Entry] = []
        self._full = False

    def become(self, step: str) -> None:
        if step in ("cut", "lost"):
            for each in self._under_way:
                each.delivery = Delivery.CUT
                if step == "cut":
                    self._write(each)
            self._under_way.clear()
        self.there, self._full = step in ("back", "full"), step == "full"

    def take(self, backlog: Backlog) -> None:
        while self.there and (each := backlog.next()) is not None:
            each.delivery = Delivery.UNDER_WAY
            self._under_way.append(each)
            if len(self._under_way) >= self._most:
                self.answer()

    def answer(self) -> None:
        for each in self._under_way:
            if self._full:
                each.delivery, self.there = Delivery.TURNED_AWAY, False
            else:
                each.delivery = Delivery.WRITTEN
                self._write(each)
        self._under_way.clear()

    def _write(self, entry: Entry) -> None:
        if not any(entry is other for other in self.written):
            self.written.append(entry)
