"""One child process: its output, its readiness, and the end of everything it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from stack.process import ManagedProcess, ProcessFailedError, describe_exit

from .terminal import DEADLINE, gone

PARENT_AND_CHILD = """
import signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
signal.pause()
"""
HOLDER = """
import signal, sys
from stack.process import ManagedProcess
with ManagedProcess("child", [sys.executable, "-c", "import signal; signal.pause()"]) as process:
    print(process.pid, flush=True)
    signal.pause()
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def printed_pid(process: ManagedProcess) -> psutil.Process:
    process.wait_until(lambda: process.output != "", DEADLINE)
    return psutil.Process(int(process.output))


def test_both_streams_are_read_line_by_line() -> None:
    lines: list[str] = []
    code = "import sys; print('one', flush=True); print('two', file=sys.stderr); sys.stderr.write('three')"
    with ManagedProcess("speaker", python(code), on_line=lines.append) as process:
        assert process.wait(DEADLINE) == 0
    assert lines == ["one", "two", "three"]


def test_the_environment_is_ours_and_what_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "1")
    code = "import os; print(os.environ['OURS'], os.environ['ADDED'])"
    with ManagedProcess("speaker", python(code), env={"ADDED": "2"}) as process:
        process.wait(DEADLINE)
        assert process.output == "1 2"


def test_a_process_that_ends_before_it_is_ready_is_explained() -> None:
    with (
        ManagedProcess("speaker", python("import sys; print('no licence'); sys.exit(3)")) as process,
        pytest.raises(ProcessFailedError) as caught,
    ):
        process.wait_until(lambda: False, DEADLINE)
    assert str(caught.value) == "speaker ended with exit code 3\nno licence"
    assert caught.value.reason == "speaker ended with exit code 3"


def test_a_process_that_is_never_ready_is_given_up() -> None:
    with (
        ManagedProcess("sleeper", python("import signal; signal.pause()")) as process,
        pytest.raises(ProcessFailedError, match=r"sleeper was not ready within 0\.1 s"),
    ):
        process.wait_until(lambda: False, timeout=0.1)


def test_a_program_that_does_not_exist_leaves_nothing_behind() -> None:
    before = psutil.Process().children()
    with pytest.raises(FileNotFoundError):
        ManagedProcess("nobody", ["/nonexistent"])
    assert psutil.Process().children() == before


def test_its_children_end_with_it() -> None:
    with ManagedProcess("parent", python(PARENT_AND_CHILD)) as process:
        child = printed_pid(process)
    assert gone([child])


def test_it_ends_when_its_holder_is_killed() -> None:
    with ManagedProcess("holder", python(HOLDER), cwd=Path.cwd()) as holder:
        child = printed_pid(holder)
        os.kill(holder.pid, signal.SIGKILL)
        assert gone([child])


def test_stopping_twice_is_once() -> None:
    process = ManagedProcess("sleeper", python("import signal; signal.pause()"))
    process.stop()
    process.stop()
    process.kill()
    assert process.returncode == -signal.SIGTERM


def test_waiting_has_a_limit() -> None:
    with (
        ManagedProcess("sleeper", python("import signal; signal.pause()")) as process,
        pytest.raises(subprocess.TimeoutExpired),
    ):
        process.wait(0.05)


@pytest.mark.parametrize(
    ("returncode", "words"),
    [
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
        (-9, "was ended by SIGKILL"),
        (-50, "was ended by signal 50"),
    ],
)
def test_exit_codes_in_words(returncode: int, words: str) -> None:
    assert describe_exit(returncode) == words
