"""What the operating system is asked is what it means."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from benchmarks import machine


def test_cpu_time_counts_a_child_while_it_runs_and_after() -> None:
    before = machine.cpu_seconds(os.getpid())
    work = "sum(range(5_000_000)); print('worked', flush=True); input()"
    with subprocess.Popen(
        (sys.executable, "-c", work), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        running = machine.cpu_seconds(os.getpid()) - before
        child.communicate("\n")
    ended = machine.cpu_seconds(os.getpid()) - before
    assert running > 0.02
    assert ended > 0.02


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it counts in steps of 10 ms")
def test_cpu_time_is_finer_than_a_tick() -> None:
    before = machine.cpu_seconds(os.getpid())
    until = time.process_time() + 0.003
    while time.process_time() < until:
        pass
    assert 0.003 <= machine.cpu_seconds(os.getpid()) - before < 0.1


def test_memory_grows_with_what_is_kept() -> None:
    before = machine.memory(os.getpid())
    kept = bytearray(os.urandom(50_000_000))
    assert machine.memory(os.getpid()) - before > 40_000_000
    del kept
