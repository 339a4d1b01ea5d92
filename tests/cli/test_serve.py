"""`taskbeam serve`: several processes on one port, replaced when they die, drained when they are to end."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

from taskbeam.gateway.server.workers import FIRST_DELAY, LAST_DELAY, YOUNG, Backoff
from tests.support.waiting import START_TIMEOUT, wait_until

from .running import answers, run, serving

if TYPE_CHECKING:
    from stack.process import ManagedProcess
    from stack.valkey import Valkey


@pytest.fixture
def variables(valkey: Valkey) -> dict[str, str]:
    return {
        "broker_url": valkey.url(0),
        "result_backend": f"taskbeam+{valkey.url(1)}",
        "auth": "open",
    }


def workers(process: ManagedProcess) -> set[int]:
    """The processes that serve; one more is multiprocessing's own."""
    children = psutil.Process(process.pid).children()
    return {child.pid for child in children if is_alive(child) and "spawn_main" in " ".join(child.cmdline())}


def is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("count", [1, 2])
def test_it_serves_the_gateway_alone_until_it_is_told_to_end(count: int, variables: dict[str, str]) -> None:
    with serving("--workers", str(count), **variables) as (process, origin, _):
        assert httpx.get(f"{origin}/tasks/nobodys").json()["code"] == "unknown_task"
        assert "Swagger" in httpx.get(f"{origin}/docs/swagger-ui-bundle.js").text
        mine = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        # One process alone ends as uvicorn does, by the signal that it was sent.
        assert process.wait(START_TIMEOUT) == (0 if count > 1 else -signal.SIGTERM)
        wait_until(lambda: not any(is_alive(each) for each in mine))


def test_a_worker_that_dies_is_replaced(variables: dict[str, str]) -> None:
    with serving("--workers", "2", **variables) as (process, origin, lines):
        wait_until(lambda: len(workers(process)) == 2)
        before = workers(process)
        psutil.Process(min(before)).kill()
        wait_until(lambda: len(workers(process)) == 2 and min(before) not in workers(process))
        assert max(before) in workers(process)
        wait_until(lambda: any(f"Worker process {min(before)} died (exit code -9)" in line for line in lines))
        wait_until(lambda: answers(f"{origin}/healthz"))


def test_no_worker_outlives_who_would_replace_it(variables: dict[str, str]) -> None:
    with serving("--workers", "2", **variables) as (process, _, _lines):
        wait_until(lambda: len(workers(process)) == 2)
        left = [psutil.Process(pid) for pid in workers(process)]
        process.send_signal(signal.SIGKILL)
        wait_until(
            lambda: not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in left)
        )


def test_workers_that_cannot_start_end_it_with_their_reason(valkey: Valkey) -> None:
    failed = run("serve", "--workers", "2", "--port", "0", result_backend=valkey.url(1), token_keys="")
    assert failed.returncode == 2
    assert "TASKBEAM_TOKEN_KEYS" in failed.stderr


def test_what_is_wrong_is_said_in_words(valkey: Valkey) -> None:
    ours = f"taskbeam+{valkey.url(1)}"
    no_module = run("serve", "--app", "nothing.here:app", result_backend=ours)
    assert (no_module.returncode, "There is no module" in no_module.stderr) == (2, True)
    no_name = run("serve", "--app", "app.main:nothing", result_backend=ours)
    assert (no_name.returncode, "has no 'nothing'" in no_name.stderr) == (2, True)
    no_celery = run("serve", "--celery", "app.main:create_app", result_backend=ours, auth="open")
    assert (no_celery.returncode, "is no Celery application" in no_celery.stderr) == (2, True)


def test_workers_that_die_young_are_replaced_later_each_time() -> None:
    backoff = Backoff()
    delays = [backoff.died(0.5) for _ in range(12)]
    assert delays[:3] == [FIRST_DELAY, 2 * FIRST_DELAY, 4 * FIRST_DELAY]
    assert delays[-1] == LAST_DELAY
    assert backoff.died(YOUNG + 1) == FIRST_DELAY
