"""HEAD wherever there is GET: the same status and header, at once, without a body."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    import httpx

    from tests.support.journal import Task

FILES = Path(tempfile.mkdtemp(prefix="taskbeam-files-"))
SETTINGS = {"files_dir": FILES, "dashboard": 1}
STREAM = {"Accept": "text/event-stream"}
JSON = {"Accept": "application/json"}

#: What may differ between two answers.
CHANGING = {"date"}

PATHS = [
    ("/healthz", {}),
    ("/readyz", {}),
    ("/docs", {}),
    ("/docs/start.js", {}),
    ("/docs/swagger-ui.css", {}),
    ("/docs/none.css", {}),
    ("/openapi.json", {}),
    ("/asyncapi.yaml", {}),
    ("/client/index.js", {}),
    ("/client/none.js", {}),
    ("/react.js", {}),
    ("/dashboard", {}),
    ("/dashboard/", {}),
    ("/", {}),
    ("/page/page.css", {}),
    ("/nowhere", {}),
    ("/tasks/{}", {}),
    ("/tasks/{}", {"If-None-Match": "*"}),
    ("/tasks/{}?wait=600&after=9999999999999-1", {}),
    ("/tasks/nobodys", {}),
    ("/tasks/nobodys/events", STREAM),
    ("/tasks/{}/events", JSON),
    ("/tasks/{}/events?after=7", JSON),
    ("/tasks/{}/events", STREAM),
    ("/tasks/{}/files/a.txt", {}),
    ("/tasks/{}/files/a.txt", {"Range": "bytes=2-3"}),
    ("/tasks/{}/files/none.txt", {}),
    ("/reports/{}", {}),
    ("/reports/nobodys", {}),
]


@pytest.fixture
def ended(task: Task) -> Task:
    """A task with a file, which has ended: its stream does, too."""
    (FILES / "a.txt").write_text("a file")
    task.append({"file_url": "/files/a.txt"})
    task.finish()
    return task


@pytest.mark.parametrize(("path", "headers"), PATHS)
def test_it_is_answered_like_get(http: httpx.Client, ended: Task, path: str, headers: dict[str, str]) -> None:
    there = path.format(ended.id)
    # A poll that waits is answered by HEAD at once, so it is compared with one that does not wait.
    get = http.get(there.replace("wait=600", "wait=0"), headers=headers)
    head = http.head(there, headers=headers)
    assert head.status_code == get.status_code
    assert head.content == b""
    assert fields(head) == fields(get)


def fields(answer: httpx.Response) -> dict[str, str]:
    # RFC 9110, 8.6 and RFC 9112, 6.1: how the body would be framed may be left out.
    return {
        name: value
        for name, value in answer.headers.items()
        if name not in CHANGING | {"transfer-encoding", "content-length"}
    }


def test_the_length_is_that_of_the_body(http: httpx.Client, ended: Task) -> None:
    for path in (f"/tasks/{ended.id}", f"/tasks/{ended.id}/files/a.txt", "/client/index.js", "/healthz"):
        assert http.head(path).headers["content-length"] == http.get(path).headers["content-length"]


def test_a_stream_is_not_opened(http: httpx.Client, task: Task) -> None:
    for _ in range(3):
        head = http.head(f"/tasks/{task.id}/events", headers=STREAM)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == "text/event-stream; charset=utf-8"
    wait_until(lambda: task.subscribers == 0)


def test_a_poll_does_not_wait(http: httpx.Client, task: Task) -> None:
    """Or each would take a minute, the longest that a GET waits."""
    last = task.append()
    for path in (f"/tasks/{task.id}", f"/tasks/{task.id}/events"):
        assert http.head(f"{path}?wait=600&after={last}").status_code == 200


def test_the_end_of_a_stream(http: httpx.Client, task: Task) -> None:
    last = task.finish()
    assert http.head(f"/tasks/{task.id}/events?after={last}", headers=STREAM).status_code == 204


def test_the_document_has_get_alone(http: httpx.Client) -> None:
    for path, operations in http.get("/openapi.json").json()["paths"].items():
        assert "head" not in operations, path
