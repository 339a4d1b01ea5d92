"""Jobs that write text."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import taskbeam

from .reporting_jobs import reporting_app

if TYPE_CHECKING:
    from celery import Celery

#: A pair whose halves two calls write, ends of lines, right-to-left, NUL, what JSON escapes, half a pair.
ODD = 'a\r\nb\ud83d\ude00\0אבג "\\\u2028é\ud83d'


#: Words that one task writes before it goes on slowly.
TOKENS = 20_000


def writing_app(broker: str, backend: str, conf: dict[str, Any] | None = None) -> Celery:
    app = reporting_app(broker, backend)
    app.conf.update(conf or {})
    app.task(name="jobs.write")(write)
    app.task(name="jobs.write_again", bind=True, max_retries=1)(write_again)
    app.task(name="jobs.stumble", bind=True, max_retries=1)(stumble)
    app.task(name="jobs.stumble_unheard", bind=True, max_retries=1, ignore_result=True)(stumble)
    app.task(name="jobs.write_and_fail")(write_and_fail)
    app.task(name="jobs.write_until_cancelled")(write_until_cancelled)
    app.task(name="jobs.write_tokens")(write_tokens)
    app.task(name="jobs.write_on", bind=True, acks_late=True)(write_on)
    return app


def write(times: int) -> int:
    """Each character by a call of its own."""
    for _ in range(times):
        for character in ODD:
            taskbeam.write(character)
    return len(ODD) * times


def write_again(self: Any, text: str) -> None:
    taskbeam.write(text)
    taskbeam.write(str(self.request.retries))
    if not self.request.retries:
        raise self.retry(countdown=0.1)


def stumble(self: Any) -> None:
    with taskbeam.step(f"Run {self.request.retries}", weight=100):
        taskbeam.progress(1, 2)
        if not self.request.retries:
            raise self.retry(countdown=0.1)


def write_and_fail(text: str) -> None:
    taskbeam.write(text)
    raise RuntimeError("no further")


def write_until_cancelled() -> None:
    try:
        while True:
            taskbeam.write("more ")
            taskbeam.progress(1)
            time.sleep(0.02)
    except taskbeam.Cancelled:
        taskbeam.write("stopped")
        raise


def write_tokens() -> None:
    """Many at once, then one now and then."""
    for _ in range(TOKENS):
        taskbeam.write("token")
    while True:
        taskbeam.write("live ")
        taskbeam.progress(1)
        time.sleep(0.02)


def write_on(self: Any, words: int) -> int:
    """So many words, one every 2 ms; delivered again, a few. Returns how many characters it wrote."""
    again = (self.request.delivery_info or {}).get("redelivered")
    written = 0
    for number in range(50 if again else words):
        word = f"{number} again, " if again else f"{number} on, "
        taskbeam.write(word)
        written += len(word)
        taskbeam.progress(number, words)
        time.sleep(0.002)
    return written


def __getattr__(name: str) -> Any:
    if name == "app":
        conf = json.loads(os.environ.get("WRITING_CONF", "{}"))
        return writing_app(os.environ["JOBS_BROKER"], os.environ["JOBS_BACKEND"], conf)
    raise AttributeError(name)
