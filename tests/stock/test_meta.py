"""What Celery stores is read with each of its serializers, and never executed or expanded without a bound."""

from __future__ import annotations

import bz2
import gzip
import json
import pickle
import zlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from kombu.serialization import dumps
from kombu.utils import json as kombu_json

from taskbeam.stock.meta import MAX_BYTES, Meta, UnreadableMetaError, all_members, read_meta
from taskbeam.stock.told import told_of

META: dict[str, Any] = {
    "status": "PROGRESS",
    "result": {"current": 1, "total": 3},
    "traceback": None,
    "children": [],
    "date_done": None,
    "task_id": "id",
}
READ = Meta("PROGRESS", {"current": 1, "total": 3})


def encoded(meta: dict[str, Any], serializer: str = "json") -> bytes:
    found = dumps(meta, serializer)[2]
    return found.encode() if isinstance(found, str) else found


@pytest.mark.parametrize("serializer", ["json", "msgpack", "yaml"])
@pytest.mark.parametrize("packed", [bytes, gzip.compress, bz2.compress, zlib.compress])
def test_each_serializer_and_compression(serializer: str, packed: Any) -> None:
    pytest.importorskip("msgpack" if serializer == "msgpack" else "json")
    assert read_meta(packed(encoded(META, serializer))) == READ


class Bomb:
    """What loads it fails the test."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("a pickle was loaded",)


@pytest.mark.parametrize("protocol", range(6))
def test_of_a_pickle_the_status_alone_is_read_and_nothing_is_loaded(protocol: int) -> None:
    stored = pickle.dumps({"status": "SUCCESS", "result": Bomb()}, protocol)
    assert read_meta(stored) == Meta("SUCCESS", omitted=True)


def test_what_is_compressed_is_never_larger_than_a_bound() -> None:
    stored = zlib.compress(encoded({**META, "status": "SUCCESS", "result": "x" * 100_000_000}))
    assert len(stored) < 200_000
    assert read_meta(stored) == Meta("SUCCESS", omitted=True)


@pytest.mark.parametrize("serializer", ["json", "yaml"])
def test_of_a_large_one_the_status_is_read(serializer: str) -> None:
    stored = encoded({**META, "result": ["x" * 100] * (MAX_BYTES // 100)}, serializer)
    assert read_meta(stored) == Meta("PROGRESS", omitted=True)


def test_yaml_that_multiplies_is_not_expanded() -> None:
    stored = b"a: &a [x, x]\nb: &b [*a, *a]\nresult: [*b, *b]\nstatus: SUCCESS\n"
    assert read_meta(stored) == Meta("SUCCESS", omitted=True)


@pytest.mark.parametrize(
    "stored",
    [b"", b"{", b"[1]", b"{}", b"\x1f\x8b\x00", b"\x80\x04.", b"x: y", b"[" * 100_000, b'{"status":1}'],
)
def test_what_is_none_is_refused_in_words(stored: bytes) -> None:
    with pytest.raises(UnreadableMetaError):
        read_meta(stored)


@pytest.mark.parametrize(("kind", "value"), [("datetime", 7), ("decimal", "x"), ("uuid", "x"), ("bytes", {})])
def test_what_kombu_fails_to_decode_is_refused_in_words(kind: str, value: object) -> None:
    args = [{"__type__": kind, "__value__": value}]
    with pytest.raises(UnreadableMetaError):
        all_members(json.dumps({"status": "SUCCESS", "args": args}).encode(), kombu_json.loads)


def test_kombus_types_are_text_as_in_events_of_ours() -> None:
    value = {"at": datetime(2026, 1, 2, tzinfo=UTC), "id": UUID(int=7)}
    assert read_meta(encoded({**META, "result": value})).result == {
        "at": "2026-01-02T00:00:00+00:00",
        "id": str(UUID(int=7)),
    }


def told(meta: dict[str, Any], **options: Any) -> dict[str, Any]:
    found = told_of("id", read_meta(encoded(meta)), 1.5, "ref", **options)
    body: dict[str, Any] = json.loads("{" + found.front + '"name":null,' + found.back)
    return body


def test_arguments_tracebacks_and_exceptions_words_are_never_told() -> None:
    secret = "planted-secret"
    failed = {"exc_type": "ValueError", "exc_message": [secret], "exc_module": "builtins"}
    extended = {
        "args": [secret],
        "kwargs": {"a": secret},
        "traceback": secret,
        "worker": secret,
        "queue": secret,
    }
    body = told({**META, **extended, "status": "FAILURE", "result": failed, "retries": 2, "name": "jobs.x"})
    assert secret not in json.dumps(body)
    assert body["error"] == {"code": "task_failed", "message": "The task failed.", "ref": "ref"}
    assert (body["attempt"], body["source"], body["final"]) == (3, "celery", True)


def test_an_attempt_is_told_where_it_is_known_only() -> None:
    assert "attempt" not in told(META)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        ({"exc_type": "SoftTimeLimitExceeded", "exc_message": [], "exc_module": "billiard"}, "time_limit"),
        ({"exc_type": "TaskRevokedError", "exc_message": ["expired"], "exc_module": "celery"}, "expired"),
        ({"exc_type": "QuotaError", "exc_message": [], "exc_module": "shop.errors"}, "quota"),
        ("no exception", "task_failed"),
    ],
)
def test_codes_of_failures_are_those_of_workers_of_ours(result: object, code: str) -> None:
    errors = {"shop.errors.QuotaError": ("quota", "No more.")}
    assert (
        told({**META, "status": "FAILURE", "result": result}, public_errors=errors)["error"]["code"] == code
    )


@pytest.mark.parametrize("state", ["LOST", "IGNORED", "REJECTED", "STALLED"])
def test_a_state_of_the_tasks_own_that_is_called_as_one_of_ours_ends_nothing(state: str) -> None:
    body = told({**META, "status": state, "result": {"note": 1}})
    assert (body["final"], body["data"]) == (False, {"note": 1})
    assert "error" not in body
