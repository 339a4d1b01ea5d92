"""Lines of several threads stay whole."""

from __future__ import annotations

import io
import threading

from stack.console import Console


class OneCharacterAtATime(io.StringIO):
    """A stream on which anybody may break into a line."""

    def write(self, text: str) -> int:
        return sum(super(OneCharacterAtATime, self).write(character) for character in text)


class NobodyReads(io.StringIO):
    def write(self, _text: str, /) -> int:
        raise BrokenPipeError


def test_no_line_breaks_into_another() -> None:
    out = OneCharacterAtATime()
    console = Console(out, io.StringIO())

    def chatter(name: str) -> None:
        show = console.under(name)
        for _ in range(200):
            show("a line of some length")

    threads = [threading.Thread(target=chatter, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = {f"{name:<8}| a line of some length" for name in ("one", "two", "three")}
    lines = out.getvalue().splitlines()
    assert set(lines) == whole
    assert len(lines) == 600


def test_complaints_go_to_the_other_stream() -> None:
    out, err = io.StringIO(), io.StringIO()
    Console(out, err).complain("no")
    assert (out.getvalue(), err.getvalue()) == ("", "no\n")


def test_a_reader_that_left_is_no_reason_to_fail() -> None:
    Console(NobodyReads(), NobodyReads()).under("worker")("still working")
