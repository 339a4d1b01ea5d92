"""A program that is forked from warm imports finds what one finds that is started, and ends as that does."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from stack.process import ManagedProcess, execute
from tests.support.waiting import DEADLINE, START_TIMEOUT
from tests.support.warm import programs
from tests.support.warm.environment import reads_noted
from tests.support.warm.programs import CELERY, GATEWAY, ROOT, warm, warm_programs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.process import Start

LOOKING = "tests.warm.looking"


@pytest.fixture(scope="module", params=[GATEWAY, CELERY], ids=["gateway", "celery"])
def modules(request: pytest.FixtureRequest) -> Iterator[tuple[str, ...]]:
    """What is imported before, by a fork server that has seen a variable which is gone when it forks."""
    with pytest.MonkeyPatch.context() as patch, warm_programs():
        patch.setitem(programs.IMPORTED, LOOKING, request.param)
        with pytest.MonkeyPatch.context() as before:
            before.setenv("BEFORE", "1")
            looking(warm, "0").kill()
        yield request.param


@pytest.fixture(scope="module")
def _gateway() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, warm_programs():
        patch.setitem(programs.IMPORTED, LOOKING, GATEWAY)
        yield


def looking(start: Start, told: str, *modules: str, **env: str) -> ManagedProcess:
    argv = [sys.executable, "-m", LOOKING, told, *modules]
    return ManagedProcess("looking", argv, env=env, cwd=ROOT, start=start)


def test_a_program_finds_the_same_either_way(modules: tuple[str, ...]) -> None:
    seen, numbers = [], []
    for start in (execute, warm, warm):
        with looking(start, "0", *modules, ONLY_HERE="1") as process:
            assert process.wait(START_TIMEOUT) == 0, process.output
        said, number = json.loads(process.output.splitlines()[0])
        seen.append(said)
        numbers.append(number)
    started, *forked = seen
    assert started["environment"]["ONLY_HERE"] == "1"
    names = set(started.pop("modules"))
    for each in forked:
        assert set(each.pop("modules")) - names <= {"tests.support"}
        assert {name: found for name, found in each.items() if found != started[name]} == {}
    assert len(set(numbers)) == 3


@pytest.mark.usefixtures("_gateway")
@pytest.mark.parametrize("told", ["0", "3", "raise"])
@pytest.mark.parametrize("start", [execute, warm])
def test_a_program_ends_the_same_either_way(start: Start, told: str) -> None:
    with looking(start, told) as process:
        assert process.wait(START_TIMEOUT) == {"0": 0, "3": 3, "raise": 1}[told]
        assert ("ValueError: as told" in process.output) == (told == "raise")
        assert process.output.splitlines()[-2:] == ["a thread", "at exit"]


@pytest.mark.usefixtures("_gateway")
def test_a_forked_program_is_signalled_and_killed_with_its_group() -> None:
    with looking(warm, "wait") as ended, looking(warm, "wait") as killed:
        for process in (ended, killed):
            process.wait_until(lambda process=process: "waits" in process.output, START_TIMEOUT)  # type: ignore[misc]
        found = psutil.Process(killed.pid)
        ended.send_signal(signal.SIGTERM)
        assert ended.wait(DEADLINE) == -signal.SIGTERM
        assert killed.running
        killed.kill()
        assert killed.returncode == -signal.SIGKILL
        assert not found.is_running()


@pytest.mark.usefixtures("_gateway")
@pytest.mark.parametrize("variable", ["PYTHONHASHSEED", "LD_LIBRARY_PATH", "WEBSOCKETS_MAX_LOG_SIZE"])
def test_what_imports_have_read_must_be_the_same(variable: str) -> None:
    """A variable of the interpreter, one of the loader, one that a library reads when it is imported."""
    with looking(warm, "wait") as forked, looking(warm, "wait", **{variable: "77"}) as started:
        assert psutil.Process(forked.pid).ppid() != os.getpid()
        assert psutil.Process(started.pid).ppid() == os.getpid()


def test_asking_for_a_variable_is_noted_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THERE", "1")
    read: set[str] = set()
    with reads_noted(read):
        assert os.environ["THERE"] == "1"
        assert os.getenv("NOT_THERE") is None
        assert "NOR_THERE" not in os.environ
    assert "LATER" not in os.environ
    assert read == {"THERE", "NOT_THERE", "NOR_THERE"}
