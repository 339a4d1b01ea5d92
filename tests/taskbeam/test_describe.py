"""What a client is told of a stored state, and what it must never be told."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from celery.exceptions import (
    ChordError,
    NotRegistered,
    SoftTimeLimitExceeded,
    TaskRevokedError,
    TimeLimitExceeded,
    WorkerLostError,
)
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.journal import events
from taskbeam.journal.bounds import MAX_EVENT_BYTES, MAX_TEXT, MAX_VALUE_BYTES
from taskbeam.journal.describe import Retry, describe, progress_of
from taskbeam.journal.failures import failure_of
from taskbeam.journal.pace import Pace
from taskbeam.journal.stored import stored

REF = "0a1b2c3d"


def told(state: str, result: object, retry: Retry | None = None) -> dict[str, Any]:
    """The description with its members decoded, and its type beside them."""
    description = describe(state, result, failure_of(result), REF, retry)
    return {"type": description.type} | {
        name: json.loads(value) for name, value in description.members.items()
    }


class TestTransitions:
    def test_a_start_tells_nothing_of_the_worker(self) -> None:
        assert told(events.STARTED, {"pid": 17, "hostname": "celery@inner"}) == {"type": "state"}

    def test_success_brings_the_result(self) -> None:
        assert told(events.SUCCESS, {"rows": 3}) == {"type": "state", "result": {"rows": 3}}
        assert told(events.SUCCESS, None) == {"type": "state", "result": None}

    def test_a_retry_says_why_and_when(self) -> None:
        answer = told(events.RETRY, ValueError("planted-secret"), Retry(1_763_800_000.5, 2.5, 3))
        assert answer["retry"] == {"at": 1_763_800_000.5, "delay": 2.5, "max": 3}
        assert answer["error"]["code"] == "task_failed"

    def test_a_retry_that_nobody_timed_says_only_why(self) -> None:
        assert "retry" not in told(events.RETRY, ValueError())


class TestResultsThatStayInCelery:
    @pytest.mark.parametrize("result", [object(), b"bytes", {"a": {1: object()}}, {(1, 2): 3}])
    def test_a_result_without_json_form_is_omitted_and_not_repred(self, result: object) -> None:
        assert told(events.SUCCESS, result) == {"type": "state", "result_omitted": True}

    def test_a_result_that_contains_itself_is_omitted(self) -> None:
        result: list[object] = []
        result.append(result)
        assert told(events.SUCCESS, result) == {"type": "state", "result_omitted": True}

    @pytest.mark.parametrize("letter", ["x", "é", "京", "😀"])
    def test_a_huge_result_is_omitted_and_counted_in_bytes(self, letter: str) -> None:
        fits = (MAX_VALUE_BYTES - 2) // len(letter.encode())
        assert "result" in told(events.SUCCESS, letter * fits)
        assert told(events.SUCCESS, letter * (fits + 1)) == {"type": "state", "result_omitted": True}


class TestFailures:
    @pytest.mark.parametrize(
        ("exception", "code"),
        [
            (ValueError("planted-secret"), "task_failed"),
            (SoftTimeLimitExceeded(5), "time_limit"),
            (TimeLimitExceeded(5), "time_limit"),
            (WorkerLostError("worker exited prematurely: planted-secret"), "worker_lost"),
            (NotRegistered("planted-secret"), "not_registered"),
            (ChordError("Dependency 7 raised planted-secret"), "dependency_failed"),
            (TaskRevokedError("terminated"), "revoked"),
            (TaskRevokedError("expired"), "expired"),
        ],
    )
    def test_a_stable_code_a_plain_message_and_a_reference(self, exception: Exception, code: str) -> None:
        for state in (events.FAILURE, events.REVOKED, events.RETRY):
            error = told(state, exception)["error"]
            assert set(error) == {"code", "message", "ref"}
            assert (error["code"], error["ref"]) == (code, REF)

    @given(st.text(min_size=1), st.sampled_from([events.FAILURE, events.RETRY, events.REVOKED]))
    def test_no_word_of_an_exception_reaches_a_client(self, message: str, state: str) -> None:
        class PlantedError(Exception):
            pass

        secret = f"<{message}>/srv/planted.py"
        exception = PlantedError(secret)
        for result in (exception, _as_celery_encodes(exception)):
            assert told(state, result) == told(state, Exception())

    @pytest.mark.parametrize("result", [None, "text", 7, {}, {"exc_type": None}, {"exc_type": ["x"]}])
    def test_a_failure_that_somebody_stored_by_hand_is_told_too(self, result: object) -> None:
        assert told(events.FAILURE, result)["error"]["code"] == "task_failed"


class TestProgress:
    def test_a_number_as_current_makes_it_progress(self) -> None:
        assert told("PROGRESS", {"current": 3, "total": 5, "message": "Drawing"}) == {
            "type": "progress",
            "progress": {"current": 3, "total": 5, "percent": 60.0, "message": "Drawing"},
        }

    def test_whatever_the_state_is_called(self) -> None:
        assert told("UPLOADING", {"current": 1})["type"] == "progress"

    def test_what_else_the_task_says_goes_into_data(self) -> None:
        assert told("PROGRESS", {"current": 1, "file": "a.csv"})["data"] == {"file": "a.csv"}
        assert "data" not in told("PROGRESS", {"current": 1, "total": 2})

    @pytest.mark.parametrize("total", [None, "many", True, [3], {}])
    def test_a_total_that_is_no_number_is_no_total(self, total: object) -> None:
        assert progress_of(1, total, None) == {"current": 1}

    @pytest.mark.parametrize("total", [0, -3])
    def test_there_is_no_percent_of_nothing(self, total: int) -> None:
        assert progress_of(1, total, None) == {"current": 1, "total": total}

    @pytest.mark.parametrize(
        ("current", "percent"), [(-1, 0.0), (0, 0.0), (1, 33.33), (3, 100.0), (9, 100.0)]
    )
    def test_percent_stays_between_0_and_100(self, current: int, percent: float) -> None:
        assert progress_of(current, 3, None)["percent"] == percent

    @given(
        st.integers() | st.floats() | st.just(10**400),
        st.none() | st.integers() | st.floats() | st.just(10**400),
    )
    def test_no_number_breaks_it(self, current: float, total: float | None) -> None:
        progress = told("PROGRESS", {"current": current, "total": total})["progress"]
        assert 0 <= (progress.get("percent") or 0) <= 100


class TestTheTimeThatIsLeft:
    META: ClassVar[dict[str, object]] = {"current": 1, "total": 4}

    @pytest.mark.parametrize(("seconds", "told"), [(12.34, {"end": 12.3}), (0.0, {"end": 0.0}), (None, None)])
    def test_is_told_where_it_is_known(self, seconds: float | None, told: object) -> None:
        members = describe("PROGRESS", self.META, remaining=lambda *_: seconds).members
        assert json.loads(members.get("estimate", "null")) == told

    @pytest.mark.parametrize("meta", [{"current": 1}, {"current": 1, "total": 0}, {"file": "a.csv"}])
    def test_is_asked_only_where_there_is_a_total(self, meta: object) -> None:
        assert "estimate" not in describe("PROGRESS", meta, remaining=lambda *_: 1.0).members

    @pytest.mark.parametrize("number", [10**400, float("inf"), float("nan")])
    def test_no_number_breaks_it(self, number: float) -> None:
        def remaining(current: float, total: float) -> float | None:
            return Pace(0.0).remaining(current, total, 10.0)

        for meta in ({"current": 1, "total": number}, {"current": number, "total": number}):
            members = describe("PROGRESS", meta, remaining=remaining).members
            json.loads(members.get("estimate", "null"), parse_constant=pytest.fail)


class TestStatesOfTheTasksOwn:
    def test_without_meta_there_is_only_the_state(self) -> None:
        assert told("UPLOADING", None) == {"type": "state"}

    @pytest.mark.parametrize("meta", [{"file": "a.csv"}, [1, 2], "half way", 7, True, {"current": "3"}])
    def test_a_meta_that_is_no_progress_is_data(self, meta: object) -> None:
        assert told("UPLOADING", meta) == {"type": "state", "data": meta}

    def test_true_is_no_number(self) -> None:
        assert told("UPLOADING", {"current": True})["type"] == "state"

    def test_data_without_json_form_is_omitted_and_not_repred(self) -> None:
        assert told("UPLOADING", {"a": object()}) == {"type": "state", "data_omitted": True}
        answer = told("UPLOADING", {"current": 1, "a": object()})
        assert answer == {"type": "progress", "progress": {"current": 1}, "data_omitted": True}

    def test_all_members_together_are_bounded_and_the_largest_goes(self) -> None:
        """A message of controls, each of which JSON spells with six characters; data, and its files."""
        files = [stored(f"{number:0>250}/{'y' * 250}") for number in range(500)]
        meta = {"current": 1, "message": "\0" * MAX_TEXT * 2, "rows": "x" * 2000, "files": files}
        described = describe("PROGRESS", meta)
        assert sum(len(member) for member in described.members.values()) <= MAX_EVENT_BYTES
        assert described.members["data_omitted"] == "true"
        assert set(described.members) == {"progress", "data_omitted", "files"}
        assert json.loads(described.members["progress"])["message"] == "\0" * MAX_TEXT

    def test_huge_data_is_omitted(self) -> None:
        fits = "x" * (MAX_VALUE_BYTES - 2)
        assert told("UPLOADING", fits) == {"type": "state", "data": fits}
        assert told("UPLOADING", fits + "x") == {"type": "state", "data_omitted": True}


def _as_celery_encodes(exception: Exception) -> dict[str, Any]:
    """As `Backend.prepare_exception` does for the JSON serializer."""
    return {
        "exc_type": type(exception).__name__,
        "exc_message": exception.args,
        "exc_module": type(exception).__module__,
    }
