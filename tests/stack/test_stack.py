"""`python -m stack` with the real worker and the real gateway: from nothing to a finished job, and back."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.support import waiting

from .terminal import DEADLINE, Terminal

if TYPE_CHECKING:
    from pathlib import Path

STACK = (sys.executable, "-m", "stack")


def ask(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
        document: dict[str, Any] = json.loads(answer.read() or "{}")
        return document


def state_of(address: str, task_id: str) -> str:
    state: str = ask(f"{address}/reports/{task_id}")["state"]
    return state


def next_attempt_is_taken(terminal: Terminal, task_id: str) -> bool:
    """Whether the worker has a task for the second time, and the broker knows it.

    Between the two a worker that is killed takes the message along, as kombu has it: see docs/reliability.md.
    """
    received = re.compile(rf"^worker *\| .*Task \S+\[{task_id}\] received$")
    return len([line for line in list(terminal.lines) if received.search(line)]) >= 2


def final_state(address: str, task_id: str) -> str:
    """The state of a report when it no longer changes, as the tutorial's client asks for it."""
    deadline = time.monotonic() + DEADLINE
    while True:
        state = state_of(address, task_id)
        if state in {"SUCCESS", "FAILURE"} or time.monotonic() > deadline:
            return state
        time.sleep(0.1)


def test_what_is_shown_as_live_does_a_job_and_ctrl_c_ends_it_all(tmp_path: Path) -> None:
    small = {"TASKBEAM_RECEIPTS_A_MONTH": "500"}
    with Terminal(STACK, tmp_path, small) as terminal:
        address = terminal.wait_until_live()
        assert terminal.find(r"^mail *\| smtp://127\.0\.0\.1:\d+ ready\.$")
        task_id = ask(f"{address}/reports", {"user_id": 1})["task_id"]
        assert final_state(address, task_id) == "SUCCESS"
        ask(f"{address}/reports", {"user_id": 2, "email": "user-2@example.com"})
        arrived = r"^mail *\| to user-2@example\.com: Your report is ready"
        terminal.process.wait_until(lambda: terminal.find(arrived) is not None, waiting.DEADLINE)
        [mail] = [file.read_text() for file in (tmp_path / "mail").glob("*.eml")]
        assert f"{address}/files/reports/report-2-" in mail
        year = ask(f"{address}/reports/year", {})["task_id"]
        terminal.process.wait_until(lambda: next_attempt_is_taken(terminal, year), waiting.DEADLINE)
        ask(f"{address}/development/kill-worker", {})
        assert final_state(address, year) == "SUCCESS", "what the killed worker had is delivered again"
        assert terminal.find("Killing the worker")
        terminal.press_ctrl_c()
        assert terminal.wait_for_exit() == 0
    assert terminal.find(r"^worker *\| worker: Warm shutdown")


def test_a_finished_job_is_still_known_after_a_restart(tmp_path: Path) -> None:
    """Nor do browsers have to subscribe anew: a push service takes messages with one key alone."""
    with Terminal(STACK, tmp_path) as terminal:
        address = terminal.wait_until_live()
        key = ask(f"{address}/push/key")["key"]
        assert key
        task_id = ask(f"{address}/reports", {"user_id": 1})["task_id"]
        final_state(address, task_id)
        terminal.send(signal.SIGTERM)
        assert terminal.wait_for_exit() == 0
    with Terminal(STACK, tmp_path) as terminal:
        address = terminal.wait_until_live()
        assert ask(f"{address}/push/key")["key"] == key
        assert final_state(address, task_id) == "SUCCESS"
