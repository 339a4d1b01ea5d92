"""By turns everybody is served."""

from __future__ import annotations

from taskbeam.gateway.dashboard.turns import Turns


def test_as_many_as_there_is_room_for_are_all_taken_each_time() -> None:
    turns = Turns()
    assert [turns.take("cab", 3) for _ in range(2)] == [["a", "b", "c"]] * 2


def test_of_more_each_has_its_turn() -> None:
    turns = Turns()
    assert ["".join(turns.take("abcde", 2)) for _ in range(5)] == ["ab", "cd", "ea", "bc", "de"]


def test_who_comes_and_goes_takes_nobodys_turn() -> None:
    turns = Turns()
    told = [turns.take(names, 2) for names in ("abcd", "ab1234cd", "acd", "acd")]
    assert ["".join(each) for each in told] == ["ab", "cd", "ac", "da"]
