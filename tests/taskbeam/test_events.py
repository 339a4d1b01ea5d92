"""Ids and records: what a cursor may look like, and what the append script writes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.journal.events import EventId, InvalidCursorError, Record

ids = st.builds(EventId, st.integers(0, 10**16 - 1), st.integers(0, 10**10 - 1))

SECOND_SPELLINGS = [
    *("", "-", "1", "1-", "-1", "1-2-3", "01-2", "1-02", "1--2", "+1-2", "1_0-2", "1-2\n", " 1-2", "٣-٣"),
    *(f"{'1' * 17}-1", f"1-{'1' * 11}"),
]


class TestCursor:
    @given(ids)
    def test_every_id_is_a_cursor(self, event_id: EventId) -> None:
        assert EventId.parse(str(event_id)) == event_id

    @given(st.text() | st.text(alphabet="0123456789-+_ \n٣"))
    def test_any_other_text_is_a_bad_cursor_and_nothing_worse(self, text: str) -> None:
        try:
            found = EventId.parse(text)
        except InvalidCursorError:
            pass
        else:
            assert str(found) == text

    @pytest.mark.parametrize("text", SECOND_SPELLINGS)
    def test_no_second_spelling_of_an_id_is_a_cursor(self, text: str) -> None:
        with pytest.raises(InvalidCursorError):
            EventId.parse(text)

    def test_a_later_life_of_the_journal_sorts_after_an_earlier_one(self) -> None:
        assert EventId(2, 1) > EventId(1, 99) > EventId(1, 98)


class TestRecord:
    @given(ids, st.booleans(), st.binary())
    def test_a_record_is_read_as_it_was_written_whatever_its_body(
        self, event_id: EventId, final: bool, body: bytes
    ) -> None:
        record = Record.parse(f"{event_id} {int(final)} ".encode() + body)
        assert (record.id, record.final, record.body) == (event_id, final, body)

    @given(st.binary())
    def test_anything_else_is_a_value_error_and_nothing_worse(self, raw: bytes) -> None:
        with suppress(ValueError):
            Record.parse(raw)

    def test_its_repr_is_short_and_names_the_id(self) -> None:
        assert repr(Record(EventId(7, 3), True, b"x" * 500)).startswith("<Record 7-3 final b'xxx")
        assert len(repr(Record(EventId(7, 3), True, b"x" * 500))) < 120
