"""`taskbeam follow` and its relatives, as processes, at a real gateway."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.gateway import ROOT, Gateway, gateway
from tests.support.results import results_at
from tests.support.tokens import TOKENS, sign
from tests.support.waiting import wait_until

from .running import COMMAND, clean, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stack.valkey import Valkey
    from tests.support.journal import Journals, Task

FAULT = {"code": "no_paper", "message": "The printer has no paper", "ref": "1a2b"}


@pytest.fixture(scope="module")
def served(valkey: Valkey) -> Iterator[Gateway]:
    with gateway(valkey.url().removesuffix("/0"), **TOKENS) as running:
        yield running


@pytest.fixture
def task(journals: Journals) -> Task:
    return journals.task(labels={"owner": "ada"})


def follow(served: Gateway, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(*arguments, **{"url": served.http, "token": sign(owner="ada")} | variables)


@contextmanager
def following(
    served: Gateway,
    *arguments: str,
    output: int = subprocess.PIPE,
    errors: int = subprocess.STDOUT,
    variables: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """The command, while it runs."""
    env = clean(**{"url": served.http, "token": sign(owner="ada")} | dict(variables or {}))
    with subprocess.Popen(
        [*COMMAND, *arguments], env=env, cwd=ROOT, text=True, stdout=output, stderr=errors
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_in_a_pipe_there_is_a_line_for_each_change(served: Gateway, task: Task) -> None:
    task.append(state="STARTED", type="state")
    task.append("half way", type="log", state="STARTED")
    task.append(progress={"current": 1, "total": 2, "percent": 50.0, "message": "Printing"})
    task.append(state="SUCCESS", type="state", final=True, result={"pages": 2})
    done = follow(served, "follow", task.id)
    title = f"tests.task {task.id[:8]}…"
    assert done.stdout.splitlines() == [
        f"{title}: PENDING",
        f"{title}: STARTED",
        f"{title}: half way",
        f"{title}: PROGRESS 50% Printing",
        f"{title}: SUCCESS 100%",
        f'{title}: {{"pages": 2}}',
    ]
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("state", "members", "code"),
    [
        ("SUCCESS", {"result": 1}, 0),
        ("FAILURE", {"error": FAULT}, 1),
        ("REVOKED", {"error": FAULT}, 3),
        ("REJECTED", {}, 4),
        ("LOST", {}, 5),
        ("REVOKED", {"error": FAULT | {"code": "expired"}}, 6),
    ],
)
def test_it_exits_as_the_task_ended(
    served: Gateway, task: Task, state: str, members: dict[str, Any], code: int
) -> None:
    task.append(state=state, type="state", final=True, **members)
    assert follow(served, "follow", task.id).returncode == code


def test_json_is_what_the_gateway_sent(served: Gateway, task: Task) -> None:
    task.finish()
    done = follow(served, "follow", "--json", task.id)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        json.loads(each) for each in task.bodies()
    ]
    done = follow(served, "follow", "--json", "--after", str(task.records()[0].id), task.id)
    assert len(done.stdout.splitlines()) == 1


def test_from_the_end_there_is_nothing_to_show_and_it_exits_as_the_task_ended(
    served: Gateway, task: Task
) -> None:
    task.finish()
    done = follow(served, "follow", "--after", str(task.records()[-1].id), task.id)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_ends_quietly_when_nobody_reads_any_more(served: Gateway, task: Task) -> None:
    reader, writer = os.pipe()
    with following(served, "follow", "--json", task.id, output=writer, errors=subprocess.PIPE) as process:
        os.close(writer)
        assert os.read(reader, 1)
        os.close(reader)
        task.finish()
        assert process.wait(60) == 1
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_of_several_the_worst_end_counts_and_one_that_is_refused_stops_no_other(
    served: Gateway, task: Task, journals: Journals
) -> None:
    task.finish()
    failed = journals.task(labels={"owner": "ada"})
    failed.append(state="FAILURE", type="state", final=True, error=FAULT)
    assert follow(served, "follow", task.id, failed.id).returncode == 1
    done = follow(served, "follow", "nobody-sent-it", task.id)
    assert (done.returncode, "(unknown_task)" in done.stderr, "SUCCESS" in done.stdout) == (7, True, True)


def test_what_is_wrong_is_said_in_a_sentence(served: Gateway, task: Task) -> None:
    assert "unauthenticated" in follow(served, "follow", task.id, token="nonsense").stderr
    away = follow(served, "follow", task.id, url="http://127.0.0.1:1")
    assert (away.returncode, "the gateway cannot be reached" in away.stderr) == (7, True)
    for wrong in (("follow", "--after", "5", task.id), ("follow", "--url", "ftp://x", task.id), ("follow",)):
        done = follow(served, *wrong)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_ctrl_c_ends_it(served: Gateway, task: Task) -> None:
    with following(served, "follow", task.id) as process:
        assert process.stdout is not None
        assert "PENDING" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert "Traceback" not in process.stdout.read()


def test_in_a_terminal_it_draws_a_bar(served: Gateway, task: Task) -> None:
    task.append(
        progress={"current": 1, "total": 2, "percent": 50.0, "message": "Printing"},
        steps=[{"name": "Load", "state": "done", "began": 1.0}],
    )
    ours, theirs = pty.openpty()
    seen = b""

    with following(served, "follow", task.id, output=theirs) as process:
        os.close(theirs)

        def shows(what: str) -> bool:
            nonlocal seen
            if what.encode() not in seen and select.select([ours], [], [], 0)[0]:
                seen += os.read(ours, 65536)  # fails where the command has ended
            return what.encode() in seen

        for what in ("━", "50%", "Printing", "✓ Load"):
            wait_until(lambda what=what: shows(what), lambda: seen.decode())  # type: ignore[misc]
        task.append(state="SUCCESS", type="state", final=True, result="well")
        wait_until(lambda: shows("well"), lambda: seen.decode())
        assert process.wait(60) == 0
    os.close(ours)


def test_a_feed_is_listed_and_followed(served: Gateway, journals: Journals) -> None:
    owner = "lister"
    first, second = (journals.task(labels={"owner": owner}) for _ in range(2))
    second.finish()
    mine = sign(owner=owner)
    done = follow(served, "ls", token=mine)
    assert [line.split()[:3] for line in done.stdout.splitlines()] == [
        ["tests.task", f"{second.id[:8]}…", "SUCCESS"],
        ["tests.task", f"{first.id[:8]}…", "PENDING"],
    ]
    assert len(follow(served, "ls", "--state", "open", "--json", token=mine).stdout.splitlines()) == 1
    refused = follow(served, "ls", "owner:somebody-else", token=mine)
    assert (refused.returncode, "unknown_feed" in refused.stderr) == (7, True)
    with following(served, "feed", f"owner:{owner}", "--token", mine) as process:
        assert process.stdout is not None
        assert "PENDING" in process.stdout.readline()
        assert "SUCCESS" in process.stdout.readline()
        first.finish()
        assert process.stdout.readline().split()[1:3] == [f"{first.id[:8]}…", "SUCCESS"]


def test_cancel(served: Gateway, task: Task) -> None:
    done = follow(served, "cancel", task.id)
    assert (done.returncode, done.stdout) == (0, f"{task.id}: requested: its next report ends it\n")
    task.finish()
    done = follow(served, "cancel", task.id)
    assert (done.returncode, "too_late" in done.stderr) == (7, True)


def test_send_and_wait(served: Gateway, valkey: Valkey) -> None:
    where = {"broker_url": valkey.url(0), "result_backend": "taskbeam+" + results_at(valkey.url(1))}
    sent = follow(served, "send", "nobody.runs.it", "--args", "[1]", "--owner", "ada", **where)
    assert sent.returncode == 0
    assert "PENDING" in follow(served, "ls").stdout
    arguments = ("send", "nobody.runs.it", "--owner", "ada", "--wait")
    with following(served, *arguments, variables=where) as process:
        assert process.stdout is not None
        task_id = process.stdout.readline().strip()
        assert "PENDING" in process.stdout.readline()
        assert follow(served, "cancel", task_id).stdout == f"{task_id}: revoked: no worker will run it\n"
        assert process.wait(60) == 3
    for wrong in (("--args", "{}"), ("--kwargs", "[1"), ("--owner", "a\nb")):
        done = follow(served, "send", "nobody.runs.it", *wrong, **where)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False)
