"""What a run writes, cut into pieces: no I/O, a clock of the test's own."""

from __future__ import annotations

import json
import sys
import threading
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.celery.written_text import (
    COUNTED,
    FIRST_PAUSE,
    GATHER,
    LAST_PAUSE,
    PIECE,
    Piece,
    WrittenText,
    units_of,
)
from taskbeam.journal.bounds import MAX_VALUE_BYTES, size_of

ENOUGH = 1 << 30


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def text_of(pieces: list[Piece]) -> str:
    return "".join(json.loads(f'"{piece.text}"') for piece in pieces)


def written(*texts: str, most_bytes: int = ENOUGH) -> list[Piece]:
    """The pieces of texts that are taken one by one."""
    made = WrittenText(most_bytes, Clock())
    pieces: list[Piece] = []
    for text in texts:
        made.add(text)
        pieces += made.take()
    return pieces + made.take(last=True)


def joined(*texts: str) -> str:
    """The texts together, as UTF-16 has them; what is half a pair is U+FFFD."""
    units = "".join(texts).encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "replace")


#: Halves of pairs, ends of lines, right-to-left, NUL and all else.
TEXTS = st.lists(st.text(st.sampled_from('a\r\n\0"\\/אب😀\ud83d\ude00\u2028é') | st.characters(), max_size=5))


class TestTheText:
    @given(TEXTS)
    def test_is_what_was_written_wherever_it_was_cut(self, texts: list[str]) -> None:
        pieces = written(*texts)
        assert text_of(pieces) == joined(*texts)
        for piece in pieces:
            assert piece.units == units_of(json.loads(f'"{piece.text}"'))
        assert [piece.written for piece in pieces] == [
            sum(piece.units for piece in pieces[: place + 1]) for place in range(len(pieces))
        ]

    def test_a_pair_that_two_calls_write_is_one_character(self) -> None:
        made = WrittenText(ENOUGH, Clock())
        made.add("a\ud83d")
        assert text_of(made.take()) == "a"
        made.add("\ude00b")
        assert text_of(made.take()) == "😀b"

    def test_half_a_pair_at_the_end_is_a_replacement_character(self) -> None:
        assert text_of(written("a\ud83d")) == "a\ufffd"

    @pytest.mark.parametrize("character", ["x", "é", "\0", "😀", "\u2028"])
    def test_a_piece_fits_into_an_event_whatever_it_has(self, character: str) -> None:
        pieces = written(character * (3 * PIECE))
        assert len(pieces) == 3
        assert all(size_of(piece.text) <= MAX_VALUE_BYTES for piece in pieces)

    def test_is_one_line_for_those_who_know_more_ends_of_lines(self) -> None:
        (piece,) = written("a\u2028b\u0085")
        assert piece.text.isascii()


class TestItsBytes:
    @given(TEXTS, st.integers(0, 60))
    def test_what_is_behind_them_is_counted_and_nothing_comes_after_it(
        self, texts: list[str], most: int
    ) -> None:
        pieces = written(*texts, most_bytes=most)
        whole = joined(*texts)
        kept = text_of(pieces)
        assert whole.startswith(kept)
        assert sum(size_of(piece.text) for piece in pieces) <= most
        if pieces:
            assert pieces[-1].written == units_of(whole)
        if kept != whole:
            following = whole[len(kept)]
            assert sum(size_of(piece.text) for piece in pieces) + 6 * len(following) > most - 6

    def test_what_nobody_has_room_for_is_not_held(self) -> None:
        made = WrittenText(100, Clock())
        for _ in range(1000):
            made.add("x" * 100)
        assert sum(map(len, made._held)) <= 200
        pieces = made.take()
        assert [(piece.units, piece.written) for piece in pieces] == [(100, 100), (0, 100_000)]

    def test_nothing_comes_behind_what_was_left_out_though_there_were_room(self) -> None:
        """Two threads may add at once, and count more characters than they hold."""
        made = WrittenText(100, Clock())
        made.add("kept")
        made._length = ENOUGH
        made.add("left out")
        pieces = made.take()
        made.add("behind it")
        pieces += made.take()
        assert text_of(pieces) == "kept"
        assert pieces[-1].written == len("keptleft outbehind it")

    def test_nor_is_it_told_often(self) -> None:
        clock = Clock()
        made = WrittenText(3, clock)
        made.add("four")
        made.take()
        assert made.add("more")
        assert made.wait() == COUNTED


class TestItsPace:
    def test_one_word_asks_for_its_sending_and_the_next_ones_wait_with_it(self) -> None:
        made = WrittenText(ENOUGH, Clock())
        assert made.add("a")
        assert not made.add("b")
        assert made.wait() == GATHER
        made.take()
        assert made.add("c")
        assert made.wait() == pytest.approx(FIRST_PAUSE, rel=0.05)

    def test_it_widens_so_that_a_minute_of_tokens_does_not_fill_a_log(self) -> None:
        clock = Clock()
        made = WrittenText(ENOUGH, clock)
        records: dict[int, int] = {}
        for second in (6, 60, 600, 6000):
            while clock.now < 100 + second:
                made.add("token")
                clock.now += made.wait()
                records[second] = records.get(second, 0) + len(made.take())
        counts = [sum(list(records.values())[: place + 1]) for place in range(4)]
        assert counts[0] > 100  # as fluent as it can be at first
        assert counts[1] < 600
        assert counts[2] < 2000
        assert made.wait() <= LAST_PAUSE

    def test_nothing_is_taken_of_nothing(self) -> None:
        made = WrittenText(ENOUGH, Clock())
        assert made.take() == []
        assert made.take(last=True) == []


class TestThreads:
    def test_nothing_is_lost_though_it_is_taken_meanwhile(self) -> None:
        made = WrittenText(ENOUGH, Clock())
        pieces: list[Piece] = []
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            threads = [
                threading.Thread(target=lambda name: [made.add(name) for _ in range(20_000)], args=[name])
                for name in "abcd"
            ]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                pieces += made.take()
            pieces += made.take(last=True)
        finally:
            sys.setswitchinterval(before)
        found = text_of(pieces)
        assert {name: found.count(name) for name in "abcd"} == dict.fromkeys("abcd", 20_000)
        assert pieces[-1].written == len(list(chain(found)))
