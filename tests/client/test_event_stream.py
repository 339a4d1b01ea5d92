"""Server-Sent Events as the HTML standard reads them (9.2.6), however the bytes come."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.client import event_stream
from taskbeam.client.event_stream import EventStream, EventTooLongError, Message

STREAM = (
    b"\xef\xbb\xbf: a heartbeat\r\n\r\n"
    b"retry: 1000\ndata: {\ndata:  1}\nid: 1-1\n\n"
    b"event: problem\rdata:caf\xc3\xa9\r\r"
    b"event: nothing\n\n"
    b"data\n\n"
    b"data: cut off"
)
EXPECTED = [Message("message", "{\n 1}"), Message("problem", "café"), Message("message", "")]


def read(*chunks: bytes) -> list[Message]:
    stream = EventStream()
    return [message for chunk in chunks for message in stream.receive(chunk)]


def test_messages() -> None:
    assert read(STREAM) == EXPECTED


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_however_they_are_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert read(*(STREAM[start:end] for start, end in pairwise(edges))) == EXPECTED


def test_byte_by_byte() -> None:
    assert read(*(bytes([byte]) for byte in STREAM)) == EXPECTED


@pytest.mark.parametrize("chunk", [b"data: " + b"x" * 60, b": comment\n" + b"data: y\n" * 10])
def test_an_event_without_an_end_is_given_up(chunk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "LONGEST", 50)
    with pytest.raises(EventTooLongError):
        read(chunk, chunk)


def test_many_short_events_are_no_long_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "LONGEST", 50)
    assert len(read(*[b"data: short\n\n"] * 100)) == 100
