"""The mark of a file that a task stored: where it counts, what others read, and which paths it takes."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

import taskbeam
from taskbeam.journal.bounds import MAX_VALUE_BYTES
from taskbeam.journal.describe import describe
from taskbeam.journal.encode import to_json
from taskbeam.journal.stored import is_file_path, stored
from tests.support.redis_cluster import one_server
from tests.support.results import results_at

from .apps import backend_of, journal_of, results_app

if TYPE_CHECKING:
    from stack.valkey import Valkey

REPORT = stored("reports/a b.pdf")
ADDRESS = "/files/reports/a%20b.pdf"


class TestTheMark:
    def test_is_an_address_wherever_it_is_written(self) -> None:
        assert REPORT.url == f"{REPORT}" == ADDRESS
        assert to_json([REPORT]) == f'["{ADDRESS}"]'
        assert pickle.loads(pickle.dumps(REPORT)) == ADDRESS
        assert stored(PurePosixPath("reports/a b.pdf")) == REPORT
        assert taskbeam.stored is stored

    def test_is_no_string_so_it_is_not_lost_unseen(self) -> None:
        with pytest.raises(TypeError):
            "see " + REPORT  # type: ignore[operator]
        with pytest.raises(TypeError):
            json.dumps(REPORT)

    def test_outlives_a_copy(self) -> None:
        assert copy.deepcopy([REPORT]) == copy.copy([REPORT]) == [REPORT]

    @pytest.mark.parametrize("path", ["", "/etc/passwd", "../a", "a//b", ".a", "a\\b", "a\0"])
    def test_takes_no_path_that_names_no_file(self, path: str) -> None:
        with pytest.raises(ValueError, match="not the path of a stored file"):
            stored(path)


class TestAnEvent:
    @pytest.mark.parametrize(
        "result",
        [REPORT, [1, REPORT], {"a": {"b": (REPORT, float("nan"))}}, {REPORT}, {"a": REPORT, "b": REPORT}],
        ids=["itself", "list", "with NaN", "set", "twice"],
    )
    def test_names_what_is_marked(self, result: object) -> None:
        assert json.loads(describe("SUCCESS", result).members["files"]) == ["reports/a b.pdf"]

    def test_names_nothing_for_a_text(self) -> None:
        result = {"url": ADDRESS, "files": ["reports/a b.pdf"], "text": '","files":["reports/a b.pdf"]'}
        assert set(describe("SUCCESS", result).members) == {"result"}

    def test_names_what_the_meta_of_a_state_marks(self) -> None:
        members = describe("UPLOADING", {"current": 1, "preview": REPORT}).members
        assert json.loads(members["data"]) == {"preview": ADDRESS}
        assert json.loads(members["files"]) == ["reports/a b.pdf"]

    def test_names_the_files_of_a_result_that_is_too_large(self) -> None:
        members = describe("SUCCESS", [REPORT, "x" * MAX_VALUE_BYTES]).members
        assert members == {"result_omitted": "true", "files": '["reports/a b.pdf"]'}

    def test_says_when_their_names_are_too_many(self) -> None:
        many = [stored(f"{number}/{'x' * 250}") for number in range(1100)]
        assert describe("SUCCESS", many).members == {"result_omitted": "true", "files_omitted": "true"}


@one_server("Celery's own backend knows no cluster")
@pytest.mark.parametrize("serializer", ["json", "pickle", "yaml", "msgpack"])
def test_celery_reads_the_plain_address(valkey: Valkey, serializer: str) -> None:
    """A consumer of the result knows nothing of marks."""
    conf = {"result_serializer": serializer, "accept_content": ["json", serializer]}
    ours, stock = results_app("taskbeam+" + valkey.url(9), **conf), results_app(valkey.url(9), **conf)
    task_id, result = str(uuid4()), {"report": REPORT, "all": [{"of": REPORT}]}
    backend_of(ours).store_result(task_id, result, "SUCCESS")
    read: Any = stock.AsyncResult(task_id).result
    assert read == {"report": ADDRESS, "all": [{"of": ADDRESS}]}
    assert type(read["report"]) is str
    assert journal_of(ours, task_id)[-1]["files"] == ["reports/a b.pdf"]


def test_a_chord_and_a_chain_pass_the_plain_address_on(valkey: Valkey) -> None:
    for serializer in ("json", "pickle", "yaml", "msgpack"):
        app = results_app("taskbeam+" + results_at(valkey.url(9)), result_serializer=serializer)
        assert ADDRESS.encode() in _bytes(backend_of(app).encode([1, "task", "SUCCESS", REPORT]))


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


@pytest.mark.parametrize(
    "path", ["a", "a.pdf", "reports/a b.pdf", "a/b/c", "Zürich/名前.html", "x" * 255, "a..b"]
)
def test_names_of_files(path: str) -> None:
    assert is_file_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/etc/passwd",
        "a/",
        "a//b",
        "..",
        "a/../b",
        "./a",
        ".hidden",
        "a/.git/config",
        "a\\b",
        "a\0",
        "a\n",
        "\x7f",
        "\ud800",
        "x" * 256,
        "é" * 128,
        "/".join(["name"] * 300),
    ],
)
def test_names_of_none(path: str) -> None:
    assert not is_file_path(path)
