"""What is held goes out though nobody reports any more: on a thread of each process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from queue import Queue

from taskbeam.celery.flusher import Flusher
from tests.support.gateway import ROOT

TIMEOUT = 60


def test_an_item_is_flushed_once_and_not_before_its_time() -> None:
    flushed: Queue[tuple[str, float]] = Queue()
    flusher = Flusher[str](lambda item: flushed.put((item, time.monotonic())))
    began = time.monotonic()
    flusher.later("later", 2.0)  # long enough for the next two lines, though this process may stand still
    flusher.later("later", 0)  # asked again: the first time stands
    flusher.later("soon", 0.05)
    (first, soon), (second, later) = flushed.get(timeout=TIMEOUT), flushed.get(timeout=TIMEOUT)
    assert (first, second) == ("soon", "later")
    assert soon - began >= 0.05
    assert later - began >= 2.0
    assert flushed.empty()


def test_it_may_ask_for_another_call() -> None:
    """As when somebody else has sent in the meantime."""
    calls: list[str] = []
    done = threading.Event()

    def flush(item: str) -> None:
        calls.append(item)
        if len(calls) < 3:
            flusher.later(item, 0.01)
        else:
            done.set()

    flusher = Flusher[str](flush)
    flusher.later("held", 0)
    assert done.wait(TIMEOUT)
    assert calls == ["held"] * 3


#: In a process of its own: one with threads is not to be forked lightly.
FORKING = """
import os, threading, time
from taskbeam.celery.flusher import Flusher

flushed = threading.Event()
flusher = Flusher(lambda item: flushed.set())
flusher.later("parent", 0)
assert flushed.wait(60)
child = os.fork()
if child == 0:
    flushed.clear()
    flusher.later("child", 0)
    os._exit(0 if flushed.wait(60) else 1)
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_process_has_a_thread_of_its_own() -> None:
    subprocess.run([sys.executable, "-c", FORKING], cwd=ROOT, check=True, timeout=3 * TIMEOUT)


def test_one_that_cannot_be_flushed_ends_none_of_the_others() -> None:
    flushed: Queue[str] = Queue()

    def flush(item: str) -> None:
        if item == "bad":
            raise TypeError("no JSON form")
        flushed.put(item)

    flusher = Flusher[str](flush)
    with flusher._changed:  # both are due when it looks
        flusher.later("bad", 0)
        flusher.later("good", 0)
    assert flushed.get(timeout=TIMEOUT) == "good"
