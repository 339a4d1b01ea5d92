"""The table of placing.py: what a look, a message and an answer lead to."""

from __future__ import annotations

import pytest

from taskbeam.stock.answers import Look, Position, Verdict
from taskbeam.stock.marks import mark_of, marks_in, told_of
from taskbeam.stock.outputs import Append, LookAt, Output, Settled
from taskbeam.stock.placing import LOOK_AGAIN, MAX_WAITING, STILL_BEHIND, Placing

END = Position("1763800000000", 4)
NEXT = END._replace(seq=5)
NONE = Position()


def look(
    value: bytes = b"", others: int = 0, end: Position = END, last: bytes = b"", ours: bool = False
) -> Look:
    """``last``: what was heard last, a byte for each."""
    return Look(value, others, end, tuple(mark_of(bytes([each])) for each in last), ours)


@pytest.mark.parametrize(
    ("found", "outputs"),
    [
        (look(end=NONE), [Settled()]),
        (look(last=b"1"), [Settled()]),
        (look(b"1", ours=True), [Settled()]),
        (look(b"1", last=b"1"), [Settled()]),
        (look(b"1", others=3, last=b"1"), [Settled()]),
        (look(b"1", end=NONE), [Append(b"1", NONE, unsure=True)]),
        (look(b"2", last=b"1"), [Append(b"2", END, unsure=True, missed=True)]),
        (look(b"2"), [Append(b"2", END, unsure=True)]),
        (look(b"2", others=1, last=b"1"), [Settled(), LookAt(LOOK_AGAIN)]),
        (look(b"2", others=1, end=NONE), [LookAt(LOOK_AGAIN)]),
    ],
)
def test_what_follows_of_a_look(found: Look, outputs: list[object]) -> None:
    placing = Placing()
    assert placing.subscribed() == [LookAt()]
    assert placing.heard(b"before") == []
    assert placing.looked(found) == outputs


def appending(outputs: list[Output]) -> Append:
    [output] = outputs
    assert isinstance(output, Append)
    return output


def placed(at: Position = END, last: bytes = b"1") -> Placing:
    placing = Placing()
    placing.subscribed()
    assert placing.looked(look(last, end=at, last=last)) == [Settled()]
    return placing


def test_messages_are_appended_one_behind_the_other_in_their_order() -> None:
    placing = placed()
    first = appending(placing.heard(b"2"))
    assert first == Append(b"2", END, unsure=True)
    assert placing.heard(b"1") == placing.heard(b"1") == []
    second = appending(placing.appended(first, Verdict.APPENDED, NEXT))
    assert second == Append(b"1", NEXT)
    third = appending(placing.appended(second, Verdict.REPEATED, Position(END.epoch, 6)))
    assert third == Append(b"1", Position(END.epoch, 6))
    assert placing.appended(third, Verdict.APPENDED, Position(END.epoch, 7)) == []


def test_where_the_journal_went_on_otherwise_it_is_looked_at_anew() -> None:
    placing = placed()
    first = appending(placing.heard(b"2"))
    placing.heard(b"3")
    assert placing.appended(first, Verdict.ELSEWHERE, NEXT) == [LookAt()]
    assert placing.heard(b"4") == []
    # Another gateway has appended what was heard here, too.
    assert placing.looked(look(b"4", end=NEXT, last=b"123")) == [Append(b"4", NEXT, unsure=True)]


def test_an_answer_that_nobody_waits_for_changes_nothing() -> None:
    placing = placed()
    first = appending(placing.heard(b"2"))
    for each in range(2000):
        placing.heard(b"%d" % each)
    assert placing.appended(first, Verdict.APPENDED, NEXT) == []
    assert placing.looked(look(b"9", end=NEXT, last=b"9")) == [Settled()]


def test_what_was_heard_before_the_connection_was_lost_comes_before_what_a_look_finds_after_it() -> None:
    placing = placed()
    first = appending(placing.heard(b"2"))
    placing.lost()
    assert placing.subscribed() == [LookAt()]
    assert placing.looked(look(b"2", last=b"1")) == []
    assert placing.appended(first, Verdict.APPENDED, NEXT) == [Settled()]
    assert placing.heard(b"3") == [Append(b"3", NEXT)]


def test_those_who_hear_it_too_are_waited_for_until_the_journal_stands_still() -> None:
    placing = Placing()
    placing.subscribed()
    behind = look(b"9", others=1, last=b"1")
    # Meanwhile the journal may be read.
    assert placing.looked(behind) == [Settled(), LookAt(LOOK_AGAIN)]
    for seq in range(50):
        moving = look(b"9", others=1, last=b"1", end=Position(END.epoch, seq))
        assert placing.looked(moving) == [LookAt(LOOK_AGAIN)]
        assert placing.opened() == []
    for _ in range(STILL_BEHIND):
        assert placing.looked(behind) == [LookAt(LOOK_AGAIN)]
    assert placing.looked(behind) == [Append(b"9", END, unsure=True, missed=True)]


@pytest.mark.parametrize(
    ("journal", "fitting"),
    [
        (b"", []),
        (b"1", []),
        (b"123", [2]),
        (b"24", []),  # 4, but not behind 3
        (b"12", [1]),
        (b"2", [1, 4]),
        (b"12342", [1, 4]),
        (b"2345", []),
        (b"23425", [5]),
    ],
)
def test_where_the_journal_ends_among_what_is_kept(journal: bytes, fitting: list[int]) -> None:
    kept = [b"2", b"3", b"4", b"2", b"5"]
    marks = [mark_of(bytes([each])) for each in journal]
    assert told_of(marks, [mark_of(each) for each in kept]) == fitting


@pytest.mark.parametrize(
    ("heard", "marks"),
    [
        ("", ()),
        ("7=aa;8=bb;", ("aa", "bb")),
        ("7=aa;8=gap;9=bb;10=cc;", ("bb", "cc")),
        ("7=aa;8=bb;9=gap;", ("aa", "bb")),
        ("7=aa;8=gap;9=bb;10=gap;11=gap;", ("bb",)),
    ],
)
def test_marks_with_a_gap_between_them_do_not_follow_each_other(heard: str, marks: tuple[str, ...]) -> None:
    assert marks_in(heard) == marks


def joining() -> Placing:
    """Another gateway has appended 1, and is about to append 2 to 5; this one has come at 2."""
    placing = Placing()
    placing.subscribed()
    assert placing.looked(look(b"2", others=1, last=b"1")) == [Settled(), LookAt(LOOK_AGAIN)]
    assert [placing.heard(each) for each in (b"3", b"4", b"5")] == [[], [], []]
    return placing


@pytest.mark.parametrize("others", [0, 1])
def test_whoever_joins_goes_on_where_the_journal_ends_among_what_it_has_kept(others: int) -> None:
    """While the other appends, and when it was killed."""
    placing = joining()
    third = appending(placing.looked(look(b"5", others=others, end=NEXT, last=b"123")))
    assert third == Append(b"4", NEXT, unsure=True)
    after = NEXT._replace(seq=6)
    assert placing.appended(third, Verdict.REPEATED, after) == [Append(b"5", after)]


def test_what_the_others_had_not_appended_when_they_were_killed_comes_behind_a_gap() -> None:
    placing = joining()
    second = appending(placing.looked(look(b"5", last=b"1")))
    assert second == Append(b"2", END, unsure=True, missed=True)
    assert placing.appended(second, Verdict.APPENDED, NEXT) == [Append(b"3", NEXT)]


def test_what_was_kept_before_the_connection_was_lost_is_forgotten() -> None:
    placing = joining()
    placing.lost()
    placing.subscribed()
    assert placing.looked(look(b"9", last=b"123")) == [Append(b"9", END, unsure=True, missed=True)]


def test_no_more_is_kept_than_a_limit() -> None:
    placing = joining()
    for _ in range(MAX_WAITING):
        placing.heard(b"5")
    assert placing.looked(look(b"5", end=NEXT, last=b"1")) == [Append(b"5", NEXT, unsure=True, missed=True)]


def test_what_cannot_be_told_is_passed_over() -> None:
    placing = placed()
    first = appending(placing.heard(b"\x00"))
    assert placing.untellable(first) == []
    assert placing.heard(b"2") == [Append(b"2", END, unsure=True)]


def test_a_worker_of_ours_tells_by_itself() -> None:
    placing = placed()
    first = appending(placing.heard(b"2"))
    assert placing.appended(first, Verdict.OURS, NEXT) == []
    assert placing.heard(b"3") == []


def test_whoever_comes_to_a_task_that_was_left_alone_has_it_looked_at() -> None:
    placing = placed()
    assert placing.opened() == [LookAt()]
    assert placing.opened() == []
    assert placing.looked(look(end=NONE)) == [Settled()]
