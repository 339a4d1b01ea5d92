"""Jobs that go every way a task can. Whoever has to wait, waits for a gate that the test opens."""

from __future__ import annotations

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

import redis
from celery import Celery, Task, chain, chord
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded

from taskbeam.celery.progress import progress
from taskbeam.journal.failures import PublicError

if TYPE_CHECKING:
    from collections.abc import Callable

#: Never to be seen by a client, in whatever bytes.
SECRET = "planted-secret"

#: Seconds, unless a test says otherwise; a machine that stands still for a while must kill no worker.
LEASE = 8.0

#: Seconds; a gate that no test opens fails the task.
GATE_TIMEOUT = 60

#: The setting that names the Redis with the gates, where that is not the broker.
GATES = "fates_gates"


class BrokenFormError(ValueError):
    """Mapped to a public error by the application's settings."""


class UnkindError(ValueError):
    """Mapped to nothing: what it says, and its very name, stay with the operator."""


class Unspeakable:
    """Has no JSON form, and a repr that tells too much."""

    def __repr__(self) -> str:
        return SECRET


class Prepares(Task):  # type: ignore[type-arg]
    """A task of a class, which does something before it starts."""

    name = "fates.prepares"

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:  # noqa: ARG002
        _redis(self).rpush(f"prepared:{task_id}", "1")

    def run(self) -> str:
        wait_at(self, str(self.request.id))
        return "done"


class ReplacesLate(Task):  # type: ignore[type-arg]
    """As `replaces`; it ends when its gate opens, which may be long after another one took its place."""

    name = "fates.replaces_late"

    def run(self, by: str, queue: str) -> None:
        replaces(self, by, queue)

    def on_replace(self, sig: Any) -> Any:
        try:
            return super().on_replace(sig)
        finally:
            wait_at(self, str(self.request.id))


def fates_app(broker: str, backend: str, conf: dict[str, Any] | None = None) -> Celery:
    """The application; ``conf`` is what a test wants otherwise, of `taskbeam_options` each by itself."""
    given = dict(conf or {})
    options = {
        "lease": LEASE,
        "public_errors": {"tests.fates.jobs.BrokenFormError": ("bad_form", "The form does not fit.")},
    }
    app: Any = Celery("fates", broker=broker, backend=backend, set_as_current=False)
    app.conf.update(
        task_track_started=True,
        broker_connection_retry_on_startup=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        taskbeam_options=options | given.pop("taskbeam_options", {}),
    )
    app.conf.update(given)
    for name, (job, options) in _jobs().items():
        app.task(name=f"fates.{name}", shared=False, **options)(job)
    for kind in (Prepares, ReplacesLate):
        # Celery binds a class to one application: the newest one would have the tasks of all.
        app.register_task(type("Own", (kind,), {"__module__": __name__})())
    made: Celery = app
    return made


def _jobs() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    bound, late = {"bind": True}, {"bind": True, "acks_late": True}
    return {
        "add": (add, {}),
        "steps": (steps, {}),
        "updates": (updates, bound),
        "updates_for_ever": (updates_for_ever, bound),
        "fails": (fails, {}),
        "retries": (retries, bound),
        "retries_late": (retries_late, bound),
        "autoretries": (
            autoretries,
            {"autoretry_for": (UnkindError,), "max_retries": 1, "default_retry_delay": 0.2},
        ),
        "ignores": (ignores, bound),
        "ignores_at_gate": (ignores_at_gate, bound),
        "rejects": (rejects, {}),
        "replaces": (replaces, bound),
        "requeues": (requeues, bound),
        "requeues_late": (requeues, late),
        "gated": (gated, bound),
        "gated_late": (gated, late),
        "halves": (halves, bound),
        "soft": (soft, bound),
        "cleans_up": (cleans_up, bound),
        "late_thread": (late_thread, bound),
        "unspeakable": (unspeakable, {}),
        "dies": (dies, {}),
        "dies_late": (dies, {"acks_late": True}),
        "dies_once": (dies_once, {**late, "reject_on_worker_lost": True}),
        "leaves": (leaves, {}),
    }


def add(left: int, right: int) -> int:
    return left + right


def steps(count: int) -> str:
    for current in range(1, count + 1):
        progress(current, count)
    return "done"


def updates(self: Any, count: int) -> str:
    """Reports as plain Celery does: nothing is coalesced."""
    wait_at(self, self.request.id)
    for current in range(1, count + 1):
        self.update_state(state="PROGRESS", meta={"current": current})
    return "done"


def updates_for_ever(self: Any, where: str) -> None:
    """Until somebody cancels it: here, in a thread that names the task, or in one that has its context."""
    task_id = self.request.id

    def update() -> None:
        while not gate_is_open(self, task_id):
            self.update_state(task_id=task_id, state="PROGRESS", meta={"current": 1})

    def report() -> None:
        while not gate_is_open(self, task_id):
            progress(1)

    work: Callable[[], None] = partial(copy_context().run, report) if where == "context" else update
    if where == "task":
        work()
    else:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(work).result()


def fails(kind: str) -> None:
    if kind == "public":
        raise PublicError("quota", "Your quota is used up.")
    if kind == "mapped":
        raise BrokenFormError(SECRET)
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        raise UnkindError(SECRET, {SECRET: "/srv/planted-path"}) from error


def retries(self: Any, times: int, limit: int = 3) -> str:
    """Asks for another try ``times`` times."""
    if self.request.retries < times:
        raise self.retry(exc=UnkindError(SECRET), countdown=0.2, max_retries=limit)
    return "done"


def retries_late(self: Any) -> None:
    """Leaves time to do something before its next try."""
    raise self.retry(exc=UnkindError(SECRET), countdown=10, max_retries=1)


def autoretries() -> None:
    raise UnkindError(SECRET)


def ignores_at_gate(self: Any) -> None:
    wait_at(self, self.request.id)
    raise Ignore


def ignores(self: Any) -> None:
    self.update_state(state="PROGRESS", meta={"current": 1})
    raise Ignore


def rejects() -> None:
    raise Reject(SECRET, requeue=False)


def replaces(self: Any, by: str, queue: str = "") -> Any:
    """Lets others do its work, on its own queue or another one: a task, or several in a row or at once."""
    queue = queue or self.request.delivery_info["routing_key"]
    add = self.app.tasks["fates.add"].si(1, 2).set(queue=queue)
    shapes = {"task": add, "chain": chain(add, add), "chord": chord([add, add], add)}
    return self.replace(shapes[by])


def requeues(self: Any) -> str:
    """Goes back to the queue the first time."""
    if not self.request.delivery_info.get("redelivered"):
        raise Reject(SECRET, requeue=True)
    return "done"


def gated(self: Any, gate: str | None = None) -> str:
    """Waits for its gate, which is the task's id unless another is named."""
    wait_at(self, gate or self.request.id)
    return "done"


def halves(self: Any) -> str:
    """Reports half of its work when its gate opens."""
    wait_at(self, self.request.id)
    progress(1, 2)
    return "done"


def soft(self: Any) -> str:
    """Catches its soft limit."""
    try:
        wait_at(self, self.request.id)
    except SoftTimeLimitExceeded:
        return "in part"
    return "done"


def cleans_up(self: Any) -> str:
    """Reports until somebody cancels it; then cleans up."""
    current = 0
    try:
        while not gate_is_open(self, self.request.id):
            current += 1
            progress(current)
    finally:
        _redis(self).rpush(f"cleaned:{self.request.id}", "1")
    return "done"


def late_thread(self: Any, kind: str) -> str:
    """Its helper thread goes on reporting after the end."""
    task_id = self.request.id
    ended = threading.Event()

    def report() -> None:
        ended.wait(GATE_TIMEOUT)
        for current in range(100):
            self.update_state(task_id=task_id, state="PROGRESS", meta={"current": current})

    helper = threading.Thread(target=report)
    helper.start()
    threading.Timer(0.2, ended.set).start()
    if kind == "fails":
        raise UnkindError(SECRET)
    return "done"


def unspeakable() -> Unspeakable:
    return Unspeakable()


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dies_once(self: Any) -> str:
    if not self.request.delivery_info["redelivered"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def leaves() -> None:
    raise SystemExit(SECRET)


def wait_at(task: Any, gate: str) -> None:
    """Block in a socket until the gate opens, as a task that waits for a database does."""
    client = _redis(task)
    client.rpush(f"pid:{gate}", os.getpid())
    client.rpush(f"arrived:{gate}", task.request.id)
    if client.blpop([f"gate:{gate}"], timeout=GATE_TIMEOUT) is None:
        raise TimeoutError(gate)


def gate_is_open(task: Any, gate: str) -> bool:
    return bool(_redis(task).exists(f"gate:{gate}"))


def _redis(task: Any) -> redis.Redis:
    # redis-py's own timeout is shorter than a gate may stay closed.
    return redis.Redis.from_url(task.app.conf.get(GATES) or task.app.conf.broker_url, socket_timeout=None)


def __getattr__(name: str) -> Celery:
    """``celery -A tests.fates.jobs``: made when a worker asks for it, not at import."""
    if name == "app":
        conf = json.loads(os.environ.get("FATES_CONF", "{}"))
        return fates_app(os.environ["JOBS_BROKER"], os.environ["JOBS_BACKEND"], conf)
    raise AttributeError(name)
