"""What is kept of a task: its call and its failure, never its result, and nothing that is hidden."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskbeam.gateway.dashboard.details import stored_details
from taskbeam.gateway.history.kept import MOST_TEXT, kept_meta
from taskbeam.stock.meta import all_members

CALLED: dict[str, Any] = {
    "args": [1, {"__type__": "datetime", "__value__": "2026-11-29T10:00:00"}],
    "kwargs": {"card": "4111"},
}
PLACED = {"status": "FAILURE", "worker": "celery@one", "queue": "reports", "retries": 0}
FAILED: dict[str, Any] = {
    "result": {"exc_type": "ValueError", "exc_message": ["no card 4111"]},
    "traceback": "line 4111",
}


def kept(meta: dict[str, Any], *hidden: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(kept_meta(json.dumps(meta).encode(), hidden) or "null")
    return found


def test_call_place_and_failure_are_kept_as_celery_has_stored_them() -> None:
    whole = PLACED | CALLED | FAILED
    assert kept(whole | {"children": [], "date_done": "now"}) == whole


def test_it_tells_what_the_stored_result_told() -> None:
    whole = PLACED | CALLED | FAILED
    again = all_members((kept_meta(json.dumps(whole).encode(), ()) or "").encode())
    assert again is not None
    assert stored_details(again, frozenset()) == stored_details(
        all_members(json.dumps(whole).encode()) or {}, frozenset()
    )


def test_a_result_is_never_kept() -> None:
    assert kept(PLACED | {"status": "SUCCESS", "result": {"secret": 1}, "traceback": None}) == PLACED | {
        "status": "SUCCESS"
    }


@pytest.mark.parametrize("hidden", ["arguments", "exception"])
def test_what_is_hidden_is_not_kept(hidden: str) -> None:
    rest = kept(PLACED | CALLED | FAILED, hidden)
    assert rest == PLACED | (FAILED if hidden == "arguments" else CALLED)
    assert "4111" not in json.dumps(kept(PLACED | CALLED | FAILED, "arguments", "exception"))


def test_what_is_too_long_is_left_out_and_the_rest_is_kept() -> None:
    long = "x" * MOST_TEXT
    assert kept(PLACED | FAILED | {"args": [long], "kwargs": {}}) == PLACED | FAILED
    assert kept(PLACED | CALLED | FAILED | {"traceback": long}) == PLACED | CALLED | {
        "result": FAILED["result"]
    }


@pytest.mark.parametrize("stored", [b"", b"\x80\x04\x95", b"{cut", b"[]", b'{"no": "status"}'], ids=repr)
def test_of_what_cannot_be_read_nothing_is_kept(stored: bytes) -> None:
    assert kept_meta(stored, ()) is None
