"""What a client with a cursor is due: its records, and a gap wherever it missed some."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.journal.events import EventId, Record
from taskbeam.journal.history import Gap, History, Replay

EPOCH = 1_763_800_000_000


def at(seq: int, epoch: int = EPOCH) -> EventId:
    return EventId(epoch, seq)


def history(first: int, last: int, *, of: int | None = None, final: bool = False) -> History:
    """The records ``first`` to ``last`` of a journal that ends at ``of``."""
    end = last if of is None else of
    records = [Record(at(seq), final and seq == end, b"{}") for seq in range(first, last + 1)]
    return History(at(end), Record(at(end), final, b"{}"), records)


class TestWithoutACursor:
    def test_a_client_gets_all_that_the_log_still_has(self) -> None:
        found = history(1, 9)
        assert found.replay(None) == Replay(None, found.records)

    def test_a_beginning_that_was_trimmed_is_a_gap_like_any_other(self) -> None:
        found = history(4, 9)
        assert found.replay(None) == Replay(Gap(at(0), at(3), "trimmed"), found.records)


class TestACursorThatFits:
    def test_brings_what_follows_it(self) -> None:
        found = history(1, 5)
        assert found.replay(at(3)) == Replay(None, found.records[3:])

    def test_at_the_end_brings_nothing(self) -> None:
        assert history(1, 5).replay(at(5)) == Replay(None, [])
        assert history(6, 5).replay(at(5)) == Replay(None, [])

    def test_just_before_the_first_record_has_missed_nothing(self) -> None:
        found = history(4, 9)
        assert found.replay(at(3)) == Replay(None, found.records)


class TestACursorThatDoesNotFit:
    def test_a_trimmed_start_is_a_gap_and_then_all_records(self) -> None:
        found = history(4, 9)
        assert found.replay(at(2)) == Replay(Gap(at(2), at(3), "trimmed"), found.records)

    @pytest.mark.parametrize("epoch", [EPOCH - 1, EPOCH + 1, 0])
    def test_another_life_of_the_journal_is_a_gap(self, epoch: int) -> None:
        found = history(1, 3)
        assert found.replay(at(2, epoch)) == Replay(Gap(at(2, epoch), at(0), "epoch"), found.records)

    def test_a_cursor_ahead_of_the_journal_is_a_gap(self) -> None:
        found = history(1, 3)
        assert found.replay(at(4)) == Replay(Gap(at(4), at(0), "epoch"), found.records)

    def test_a_log_that_is_gone_is_a_gap_up_to_the_last_record(self) -> None:
        assert history(10, 9).replay(at(2)) == Replay(Gap(at(2), at(9), "trimmed"), [])
        assert history(10, 9).replay(at(9, 1)) == Replay(Gap(at(9, 1), at(9), "epoch"), [])

    def test_a_log_that_is_gone_is_a_gap_for_a_newcomer_too(self) -> None:
        assert history(10, 9).replay(None) == Replay(Gap(at(0), at(9), "trimmed"), [])


class TestAHoleIsNeverSilent:
    @given(
        st.integers(1, 9), st.integers(0, 9), st.integers(0, 3), st.none() | st.integers(0, 14), st.booleans()
    )
    def test_each_record_after_the_cursor_comes_or_stands_under_a_gap(
        self, first: int, length: int, unread: int, seq: int | None, same_epoch: bool
    ) -> None:
        found = history(first, first + length - 1, of=first + length - 1 + unread if length else first - 1)
        cursor = at(seq or 0, EPOCH if same_epoch or seq is None else EPOCH - 1)
        replay = found.replay(None if seq is None else cursor)
        if replay is None:
            assert found.records[-1].id.seq < cursor.seq, "another read shows it"
            return
        gap, records, _ = replay
        follows = gap.resume if gap else cursor
        for record in records:
            assert record.id == (follows.epoch, follows.seq + 1)
            follows = record.id
        if length:
            assert follows == max(found.records[-1].id, cursor if not gap else follows)
        else:
            assert follows == found.last


class TestAnotherLifeOfTheServer:
    """Numbers go on under a new epoch; a gap stands between the two."""

    OLD, NEW = EPOCH, EPOCH + 5

    #: Numbers 1 to 3 of the old life, 4 and 5 of the new one.
    both = tuple(Record(at(seq, EPOCH if seq < 4 else EPOCH + 5), False, b"{}") for seq in range(1, 6))

    def look(self, asked: EventId | None, *, fits: bool = True) -> History:
        records = list(self.both)
        if fits and asked is not None:
            records = records[asked.seq :]
        return History(at(5, self.NEW), self.both[-1], records, asked=asked, fits=fits)

    def test_a_replay_ends_where_another_life_begins(self) -> None:
        assert self.look(None).replay(None) == Replay(None, self.look(None).records[:3])
        asked = at(1, self.OLD)
        assert self.look(asked).replay(asked) == Replay(None, self.look(asked).records[:2])

    def test_the_next_one_begins_with_a_gap(self) -> None:
        asked = at(3, self.OLD)
        gap = Gap(asked, at(3, self.NEW), "epoch")
        assert self.look(asked).replay(asked) == Replay(gap, self.look(asked).records)
        assert self.look(at(1, self.OLD)).replay(asked) == Replay(gap, self.look(asked).records)

    def test_the_cursor_of_that_gap_fits(self) -> None:
        asked = at(3, self.NEW)
        assert self.look(asked).replay(asked) == Replay(None, self.look(asked).records)

    def test_an_event_that_the_server_has_lost_is_a_gap_and_then_all_records(self) -> None:
        asked = at(4, self.OLD)
        gap = Gap(asked, at(0, self.OLD), "epoch")
        assert self.look(asked, fits=False).replay(asked) == Replay(gap, self.look(None).records[:3])

    def test_whoever_lost_events_is_not_served_by_the_read_of_another(self) -> None:
        """He is due everything that the journal still has, and this read begins later."""
        assert self.look(at(2, self.OLD)).replay(at(4, self.OLD)) is None
        assert self.look(at(2, self.OLD)).replay(None) is None


class TestHowFarItReaches:
    def test_it_is_complete_when_the_records_reach_the_end(self) -> None:
        assert history(1, 5).complete
        assert history(6, 5).complete
        assert not history(1, 5, of=6).complete

    def test_it_has_ended_when_the_picture_is_final(self) -> None:
        assert history(1, 5, final=True).ended
        assert not history(1, 5).ended
        assert history(1, 2, of=5, final=True).ended
