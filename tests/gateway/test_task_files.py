"""What a job stored, over HTTP: files and nothing else, whatever a task names and whatever is asked for."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

import pytest
from celery import Celery

from taskbeam import stored
from taskbeam.gateway import problems
from tests.gateway.test_problems import assert_problem
from tests.support.closing import close_app
from tests.support.results import results_at

if TYPE_CHECKING:
    import httpx

    from stack.valkey import Valkey
    from tests.support.journal import Task

FOLDER = Path(tempfile.mkdtemp(prefix="taskbeam-files-")) / "files"
SETTINGS = {"files_dir": FOLDER}

#: What is there, and is no file to be served; and what is not there.
ODD = [
    "reports",
    "reports/",
    "",
    ".",
    "..",
    "../outside.txt",
    "reports/../reports/a.pdf",
    "/etc/passwd",
    "//etc/passwd",
    "reports//a.pdf",
    ".hidden",
    "reports/.hidden",
    "reports\\a.pdf",
    "..\\outside.txt",
    "reports/a.pdf\0",
    "reports/x.html\0.pdf",
    "reports/a.pdf/more",
    "x" * 300,
    "é" * 200,
    "/".join(["name"] * 1000),
    "link-out",
    "folder-out/outside.txt",
    "loop",
    "pipe",
    "missing.pdf",
]

#: Of these, what the task stored once, as far as anybody can tell.
GONE = ("missing.pdf", "reports/a.pdf/more")


@pytest.fixture(scope="module", autouse=True)
def files() -> None:
    (FOLDER / "reports").mkdir(parents=True, exist_ok=True)
    (FOLDER / "reports/a.pdf").write_bytes(b"%PDF-1.7 a")
    (FOLDER / "reports/.hidden").write_text("hidden")
    (FOLDER / ".hidden").write_text("hidden")
    (FOLDER.parent / "outside.txt").write_text("outside")
    for name, target in {
        "link-out": FOLDER.parent / "outside.txt",
        "folder-out": FOLDER.parent,
        "loop": FOLDER / "loop",
        "link-in": FOLDER / "reports/a.pdf",
    }.items():
        (FOLDER / name).symlink_to(target)
    os.mkfifo(FOLDER / "pipe")


def naming(task: Task, *paths: str) -> str:
    """The address below which the task's files are, when it has named these."""
    task.append(files=paths)
    return f"/tasks/{task.id}/files/"


@pytest.mark.parametrize("path", ["reports/a.pdf", "link-in"])
def test_a_file_is_served(http: httpx.Client, task: Task, path: str) -> None:
    for answer in (http.get(naming(task, path) + path), http.get(f"/files/{path}")):
        assert (answer.status_code, answer.content) == (200, b"%PDF-1.7 a")


@pytest.mark.parametrize("path", ODD, ids=[repr(path[:20]) for path in ODD])
def test_all_else_is_not_found(http: httpx.Client, task: Task, path: str) -> None:
    below = naming(task, path)
    for spelled in {quote(path, safe="/"), quote(path, safe="").replace(".", "%2E")}:
        for address in (below + spelled, f"/files/{spelled}"):
            # As it is spelled: httpx would resolve the dots.
            answer = http.get("/", extensions={"target": address.encode()})
            is_gone = path in GONE and address.startswith("/tasks/")
            assert_problem(answer, problems.FILE_GONE if is_gone else problems.NOT_FOUND)
            assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(
    ("name", "media_type", "shown"),
    [
        ("a.html", "text/html; charset=utf-8", False),
        ("a.xhtml", "application/xhtml+xml", False),
        ("a.svg", "image/svg+xml", False),
        ("a.xml", None, False),
        ("a.js", None, False),
        ("a.pdf", "application/pdf", True),
        ("a.png", "image/png", True),
        ("a.webp", "image/webp", True),
        ("a.csv", "text/csv; charset=utf-8", True),
        ("a.unheard-of", "application/octet-stream", False),
        ("html-named.pdf", "application/pdf", True),
    ],
)
def test_a_browser_is_told_what_it_may_make_of_it(
    http: httpx.Client, task: Task, name: str, media_type: str | None, shown: bool
) -> None:
    if name == "html-named.pdf":
        (FOLDER / name).unlink(missing_ok=True)
        (FOLDER / name).symlink_to(FOLDER / "a.html")
    else:
        (FOLDER / name).write_text("content")
    for address in (f"/files/{name}", naming(task, name) + name):
        answer = http.get(address)
        again = http.get(address, headers={"If-None-Match": answer.headers["etag"]})
        for headers in (answer.headers, again.headers):
            policy = [part.strip() for part in headers["content-security-policy"].split(";")]
            assert {"default-src 'none'", "form-action 'none'", "base-uri 'none'"} <= set(policy)
            # Chromium's viewer does not start in a sandbox.
            assert ("sandbox" in policy) is not name.endswith(".pdf")
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers.get("content-disposition") == (None if shown else "attachment")
        assert media_type is None or answer.headers["content-type"] == media_type


def test_what_a_task_marks_is_opened_and_what_it_repeats_is_not(http: httpx.Client, valkey: Valkey) -> None:
    """Through the result backend, as the worker stores it."""
    (FOLDER / "reports/victim-secret.pdf").write_bytes(b"%PDF-1.7 secret")
    app = Celery(broker="memory://", backend="taskbeam+" + results_at(valkey.url(1)), set_as_current=False)
    task_id, echoed = str(uuid4()), "/files/reports/victim-secret.pdf"
    app.backend.store_result(
        task_id, {"callback_url": echoed, "report_url": stored("reports/a.pdf")}, "SUCCESS"
    )
    result = http.get(f"/tasks/{task_id}").json()["result"]
    assert result == {"callback_url": echoed, "report_url": "/files/reports/a.pdf"}
    assert_problem(http.get(f"/tasks/{task_id}{echoed}"), problems.NOT_FOUND)
    assert http.get(f"/tasks/{task_id}{result['report_url']}").content == b"%PDF-1.7 a"
    close_app(app)


def test_an_address_alone_opens_nothing(http: httpx.Client, task: Task) -> None:
    """A task may repeat what its user wrote, whatever the member is called, and wherever it stands."""
    address = "/files/reports/a.pdf"
    task.append({"callback_url": address, "url": address, "files": ["reports/a.pdf"], "report": [address]})
    task.append({"text": '","files":["reports/a.pdf"],"x":"'})
    assert_problem(http.get(f"/tasks/{task.id}{address}"), problems.NOT_FOUND)
    task.append(files=["reports/b.pdf", "reports/a.pdf"])
    assert http.get(f"/tasks/{task.id}{address}").content == b"%PDF-1.7 a"
    task.grow(5)
    task.finish()
    assert http.get(f"/tasks/{task.id}{address}").content == b"%PDF-1.7 a"
