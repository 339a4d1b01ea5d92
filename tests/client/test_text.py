"""A task's text, put together from its events, whatever was replayed, cut or begun again."""

from __future__ import annotations

from typing import Any

from taskbeam.client import GapEvent, Text
from taskbeam.contract.events import task_event


def output(offset: int, text: str, *, attempt: int = 1, number: int | None = 1) -> Any:
    place = {} if number is None else {"id": f"1000-{number}"}
    return task_event(
        place
        | {"task_id": "a", "type": "output", "attempt": attempt, "output": {"offset": offset, "text": text}}
    )


def gap(reason: str) -> GapEvent:
    found = task_event({"id": "1000-1", "type": "gap", "gap": {"after": "1000-0", "reason": reason}})
    assert isinstance(found, GapEvent)
    return found


def test_what_is_so_far_and_its_records_again_are_one_text() -> None:
    text = Text()
    assert text.take(output(0, "Once upon", number=None)) == "Once upon"
    assert [text.take(output(0, "Once ")), text.take(output(5, "upon a "))] == ["", " a "]
    assert text.take(output(12, "time")) == "time"
    assert str(text) == "Once upon a time"


def test_offsets_count_utf_16_units() -> None:
    text = Text()
    assert text.take(output(0, "é😀")) == "é😀"
    assert text.take(output(1, "😀שלום")) == "שלום"
    assert str(text) == "é😀שלום"


def test_an_attempt_begins_anew_and_earlier_ones_are_over() -> None:
    text = Text()
    text.take(output(0, "first try"))
    assert text.take(output(0, "second", attempt=2)) == "second"
    assert text.take(output(9, " goes on")) == ""
    assert str(text) == "second"


def test_another_life_of_the_journal_begins_anew_and_a_trimmed_one_goes_on() -> None:
    text = Text()
    text.take(output(0, "abc"))
    text.take(gap("trimmed"))
    assert str(text) == "abc"
    text.take(gap("epoch"))
    assert text.take(output(0, "abcd", number=None)) == "abcd"


def test_a_beginning_that_was_evicted_is_missing() -> None:
    text = Text()
    assert text.take(output(100, "the rest", number=None)) == "the rest"
    assert text.take(output(104, "rest of it")) == " of it"
