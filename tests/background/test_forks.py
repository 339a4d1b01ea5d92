"""A child waits for no lock that a thread of its parent held, and the code has no lock but those."""

from __future__ import annotations

import ast
import threading
from pathlib import Path

import pytest

from taskbeam.background.forks import free_in_children
from taskbeam.background.logger import QuietLock
from tests.support.forking import ended, ended_beside, forked
from tests.support.waiting import DEADLINE

ROOT = Path(__file__).resolve().parents[2]

#: What makes a lock. `cached_property` has one until Python 3.12.
MAKERS = {"Lock", "RLock", "Condition", "cached_property"}

#: What a process uses that sends tasks or runs them, and so may fork.
PACKAGES = ("background", "celery", "cluster", "connections", "journal", "presence", "tracing")

#: Who replaces its locks in a child by itself.
REPLACED = {
    "taskbeam/celery/cluster_results.py": "its connections go with them",
    "taskbeam/celery/flusher.py": "so does what waits, which the parent sends",
    "taskbeam/celery/kept_ends.py": "so do the ends, which the parent sends",
}

# The test's own process has threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


def test_a_child_finds_a_lock_free_that_another_thread_of_its_parent_held() -> None:
    lock = free_in_children(threading.RLock())

    def take() -> None:
        assert lock.acquire(timeout=DEADLINE / 2)

    assert ended_beside(take, lock) == 0


def test_so_it_does_with_the_lock_of_a_run() -> None:
    lock = QuietLock()

    def take() -> None:
        with lock:
            pass

    assert ended_beside(take, lock) == 0


def test_whoever_forks_keeps_its_own() -> None:
    lock = free_in_children(threading.RLock())

    def taken_by_others() -> None:
        taken = list[bool]()
        thread = threading.Thread(target=lambda: taken.append(lock.acquire(blocking=False)))
        thread.start()
        thread.join()
        assert taken == [False]
        lock.release()

    with lock:
        assert ended(forked(taken_by_others)) == 0


def test_each_lock_is_free_in_children() -> None:
    found = {
        f"{name}: {lock}"
        for package in PACKAGES
        for path in (ROOT / "taskbeam" / package).rglob("*.py")
        if (name := path.relative_to(ROOT).as_posix()) not in REPLACED
        for lock in held_in_children(ast.parse(path.read_text()))
    }
    assert found == set()


def test_every_exception_to_the_rule_is_still_one() -> None:
    assert [name for name in REPLACED if not held_in_children(ast.parse((ROOT / name).read_text()))] == []


def held_in_children(tree: ast.Module) -> list[str]:
    freed = {
        id(argument)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and last_name(call.func) == "free_in_children"
        for argument in call.args
    }
    calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call) and last_name(each.func) in MAKERS]
    decorators = [
        each
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for each in function.decorator_list
        if last_name(each) in MAKERS
    ]
    return [ast.unparse(each) for each in [*calls, *decorators] if id(each) not in freed]


def last_name(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]
