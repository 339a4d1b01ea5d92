"""How an answer is read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from taskbeam.outgoing.answer import Answer, seconds_of_retry_after

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("9" * 400, 999_999_999),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60),
        ("Fri, 02 Jan 2026 03:05:05 -0000", 60),
        ("Fri, 02 Jan 2026 02:04:05 GMT", 0),
        ("Friday, 02-Jan-26 03:05:05 GMT", 60),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("Fri, 99 Jan 2026 03:05:05 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert seconds_of_retry_after(value, NOW) == seconds


def test_what_counts_as_taken() -> None:
    assert [status for status in (0, 199, 200, 204, 299, 301, 404, 500) if Answer(status).taken] == [
        200,
        204,
        299,
    ]
    assert [str(Answer(404)), str(Answer(0, "nobody"))] == ["HTTP 404", "nobody"]
