"""Tasks that speak from one bell to another, and write down every word before they say it."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
from celery import Celery
from redis.exceptions import RedisError

from taskbeam import emit, progress

from .ledger import RETURNED, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: A name for each way to be delivered. A late one is acknowledged when it has ended.
EARLY, LATE = "faults.speak", "faults.speak_late"

#: A task that stores each word in a database before it says it, and is tried again while that is away.
STORING = "faults.speak_and_store"

#: The same for a worker without Taskbeam, which stores each word as a state.
AS_STOCK = "faults.speak_as_stock"

#: The environment variable that says where the database is, as libpq reads it.
SQL = "FAULTS_SQL"

#: Seconds from one try to the next.
_RETRY = 1

#: Seconds between two looks whether the bell has rung.
_LOOK = 0.05


def faults_app(broker: str, backend: str, conf: Mapping[str, Any] | None = None) -> Celery:
    """The application; ``conf`` in addition to its own."""
    app: Any = Celery("faults", broker=broker, backend=backend, set_as_current=False)
    app.conf.update(
        task_track_started=True,
        broker_connection_retry_on_startup=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        **(conf or {}),
    )
    app.task(name=EARLY, bind=True, shared=False)(speak)
    app.task(name=LATE, bind=True, shared=False, acks_late=True)(speak)
    app.task(name=AS_STOCK, bind=True, shared=False)(speak_as_stock)
    again = {"autoretry_for": (psycopg.OperationalError,), "default_retry_delay": _RETRY, "max_retries": None}
    app.task(name=STORING, bind=True, shared=False, **again)(speak_and_store)
    made: Celery = app
    return made


def speak(
    self: Any,
    folder: str,
    begin: str,
    end: str,
    burst: int,
    pause: float,
    padding: int = 0,
    *,
    store: Callable[[str, int], object] = lambda *_: None,
) -> dict[str, Any]:
    """Say ``burst`` words at once, then pause for so many seconds, from one bell to another.

    Args:
        self: the task.
        folder: where its ledger is, and the bells: a bell that has rung is a file.
        begin: the bell after which it speaks.
        end: the bell after which it returns.
        burst: words at once.
        pause: seconds.
        padding: characters that each word brings along.
        store: is called with the run and the number of each word before it is said.
    """
    task_id, run, word = self.request.id, uuid4().hex[:8], 0
    ledger = Ledger(Path(folder))
    ledger.write(task_id, run, word)
    while not Path(folder, begin).exists():
        time.sleep(_LOOK)
    while not Path(folder, end).exists():
        for _ in range(burst):
            word += 1
            ledger.write(task_id, run, word)
            store(run, word)
            emit({"run": run, "n": word, "padding": "x" * padding})
        progress(word)
        _wait(Path(folder, end), pause)
    ledger.write(task_id, run, RETURNED)
    return {"run": run, "words": word}


def speak_and_store(self: Any, *arguments: Any) -> dict[str, Any]:
    """As `speak`; raises `psycopg.OperationalError` where the database is away."""
    with psycopg.connect(os.environ[SQL], autocommit=True) as database:

        def store(run: str, word: int) -> None:
            database.execute("INSERT INTO words VALUES (%s, %s)", (run, word))

        return speak(self, *arguments, store=store)


def speak_as_stock(self: Any, *arguments: Any) -> dict[str, Any]:
    """As `speak`, where nobody but Celery stores what is said. A word that Redis does not take is lost."""

    def store(run: str, word: int) -> None:
        with suppress(RedisError):
            self.update_state(state="PROGRESS", meta={"run": run, "n": word})

    return speak(self, *arguments, store=store)


def _wait(bell: Path, seconds: float) -> None:
    """Until the time is over, or the bell rings."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not bell.exists():
        time.sleep(min(left, _LOOK))


def __getattr__(name: str) -> Celery:
    """``celery -A tests.faults.jobs``: made when a worker asks for it, not at import."""
    if name == "app":
        conf = json.loads(os.environ["FAULTS_CONF"])
        return faults_app(os.environ["JOBS_BROKER"], os.environ["JOBS_BACKEND"], conf)
    raise AttributeError(name)
