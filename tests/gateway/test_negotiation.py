"""Which form of the events a client gets, by its `Accept` (RFC 9110, 12.5.1)."""

from __future__ import annotations

import pytest

from taskbeam.gateway.http.negotiation import wants_event_stream


@pytest.mark.parametrize(
    ("accept", "stream"),
    [
        ("text/event-stream", True),
        ("*/*", True),
        ("text/*", True),
        ("text/html, application/xhtml+xml, */*;q=0.8", True),
        ("Text/Event-Stream; charset=utf-8", True),
        ("application/json, text/event-stream", True),
        ("application/json", False),
        ("application/*", False),
        ("application/json, */*;q=0.1", False),
        ("application/json, text/plain, */*", False),  # axios, Angular
        ("application/*, */*", False),
        ("text/event-stream, */*", True),
        ("text/*, application/json", False),
        ("text/event-stream;q=0", False),
        ("text/event-stream;q=0.0, */*", False),
        ("text/event-stream;q=0.000", False),
        ("text/*;q=0, */*", False),
        ("text/*;q=0, text/event-stream", True),
        ("*/*;q=0", False),
        ("text/event-stream;q=0.5, application/json", False),
        ("text/event-stream; Q=0.5, application/json;q=0.4", True),
        ("text/html", False),
        ("", True),
        ("text/event-stream;q=nan", False),
        ("text/event-stream;q=inf, application/json", False),
        ("text/event-stream;q=2, application/json", False),
        ("text/event-stream;q=1.000, application/json;q=1", True),
    ],
)
def test_a_stream_is_for_whoever_prefers_it(accept: str, stream: bool) -> None:
    assert wants_event_stream(accept) is stream
