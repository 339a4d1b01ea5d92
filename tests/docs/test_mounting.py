"""Each sample about mounting runs as it stands on the page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from celery import Celery
from fastapi.routing import APIRoute

from taskbeam.gateway import Gateway, GatewaySettings
from taskbeam.gateway.http import browser_files
from tests.docs.samples import commands, environment, samples, serving, working, write_files
from tests.support.gateway import ROOT
from tests.support.tokens import PUSHING
from tests.support.waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack.valkey import Valkey

PAGE = "mounting.md"

ADA = {"session": "8f14e45f"}
BOB = {"session": "1b6453892473a467d07372d45eb05abc"}

#: What the quickstart's application would know of its users, if it had more.
SESSIONS = '\nSESSIONS |= {"1b6453892473a467d07372d45eb05abc": "bob", "support": "grace"}\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, valkey: Valkey) -> Iterator[Path]:
    """The files of the quickstart and those of this page, with a worker."""
    path = tmp_path_factory.mktemp("mounting")
    for page in ("quickstart.md", PAGE):
        write_files(page, path, valkey)
    with (path / "main.py").open("a") as main:
        main.write(SESSIONS)
    with working("celery -A tasks worker", path):
        yield path


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    made = subprocess.run(
        [sys.executable, "-m", "taskbeam", "keys", "new"], capture_output=True, text=True, check=True
    )
    return {"TASKBEAM_TOKEN_KEYS": made.stdout.strip()}


@contextmanager
def served(folder: Path, module: str, live: str = "/live", **variables: str) -> Iterator[str]:
    with serving(f"uvicorn {module}:app", folder, live, **variables) as origin:
        yield origin


def exported(folder: Path) -> str:
    """The id of a task of ada's that has ended."""
    code = (
        "import tasks, taskbeam\n"
        "with taskbeam.labelled(owner='ada'):\n"
        "    sent = tasks.make_export.delay(10)\n"
        f"sent.get(timeout={DEADLINE})\n"
        "print(sent.id)"
    )
    return run(folder, code)


def run(folder: Path, code: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=DEADLINE * 2,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def follow(address: str, **credentials: Any) -> list[dict[str, Any]] | int:
    """All events of a task; the status where there are none."""
    with httpx.stream("GET", address, timeout=DEADLINE, **credentials) as stream:
        if stream.status_code != 200:
            return stream.status_code
        lines = [line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines]


def result(events: list[dict[str, Any]] | int) -> Any:
    assert isinstance(events, list), events
    return events[-1]["result"]


@pytest.mark.parametrize("module", ["included", "mounted"])
def test_it_is_where_the_application_put_it(folder: Path, module: str) -> None:
    task = exported(folder)
    with served(folder, module, "/jobs") as origin:
        assert result(follow(f"{origin}/jobs/tasks/{task}/events", cookies=ADA)) == {"rows": 10}
        assert follow(f"{origin}/jobs/tasks/{task}/events", cookies=BOB) == 404
        assert follow(f"{origin}/tasks/{task}/events", cookies=ADA) == 404
        assert httpx.get(f"{origin}/jobs/element/index.js").status_code == 200
        assert httpx.get(f"{origin}/jobs/docs").status_code == (200 if module == "mounted" else 404)


def test_the_paths_that_the_page_lists_are_the_gateways() -> None:
    celery_app = Celery(backend="taskbeam+redis://127.0.0.1:1", set_as_current=False)
    settings = GatewaySettings(auth="open", key_management=True, webhooks=(), **PUSHING)
    documented = Gateway(celery_app, settings=settings).asgi().openapi()["paths"]
    files = [route.path for route in browser_files.router.routes if isinstance(route, APIRoute)]
    first = {f"/{path.split('/')[1]}" for path in (*documented, *files)} | {"/ws"}
    (listed,) = re.findall(r"below it the gateway has (.+?)\.\n", page_text(), re.DOTALL)
    assert set(re.findall(r"`(/.+?)`", listed)) == first - {"/docs"}


def page_text() -> str:
    return (ROOT / "docs" / PAGE).read_text()


def test_support_reads_and_does_not_cancel(folder: Path) -> None:
    task = exported(folder)
    with served(folder, "support") as origin:
        for cookies, status in ((ADA, 409), ({"session": "support"}, 403), (BOB, 404)):
            answer = httpx.post(f"{origin}/live/tasks/{task}/cancel", cookies=cookies)
            assert answer.status_code == status, cookies
        assert result(follow(f"{origin}/live/tasks/{task}/events", cookies={"session": "support"})) == {
            "rows": 10
        }


def test_a_token_that_only_reads(folder: Path, keys: dict[str, str]) -> None:
    task = exported(folder)
    with served(folder, "sharing", **keys) as origin:
        share, live = f"{origin}/exports/{task}/token", f"{origin}/live/tasks/{task}"
        assert httpx.post(share).status_code == 401
        assert httpx.post(share, cookies=BOB).status_code == 404
        bearer = {"Authorization": f"Bearer {httpx.post(share, cookies=ADA).json()}"}
        assert result(follow(f"{live}/events", headers=bearer)) == {"rows": 10}
        assert httpx.post(f"{live}/cancel", headers=bearer).status_code == 403


def test_a_task_that_the_application_sent_itself(folder: Path) -> None:
    with served(folder, "sending") as origin:
        answer = httpx.post(f"{origin}/imports", cookies=ADA)
        assert answer.status_code == 202
        events = f"{origin}{answer.json()['urls']['events']}"
        assert result(follow(events, cookies=ADA)) == {"rows": 1000}
        assert follow(events, cookies=BOB) == 404


def test_a_token_from_another_process(folder: Path, keys: dict[str, str]) -> None:
    sent = json.loads(run(folder, "import json, views; print(json.dumps(views.start_export('ada')))", **keys))
    bearer = {"Authorization": f"Bearer {sent['token']}"}
    with serving(command("taskbeam"), folder, "", **keys) as origin:
        address = f"{origin}/tasks/{sent['task_id']}/events"
        assert result(follow(address, headers=bearer)) == {"rows": 1000}
        assert follow(address) == 401


def command(program: str) -> str:
    return next(line for line in commands(PAGE) if line.startswith(program))


def test_each_file_of_the_page_is_one_of_these() -> None:
    names = {sample.name for sample in samples(PAGE) if sample.language == "python"}
    assert names == {"included.py", "mounted.py", "support.py", "sharing.py", "sending.py", "views.py"}
