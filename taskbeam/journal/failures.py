"""What a client is told of a failure: a stable code and a plain message, never the exception's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from taskbeam.journal.bounds import MAX_TEXT, MAX_WORD
from taskbeam.journal.encode import to_json


class Failure(NamedTuple):
    """What a client may know."""

    code: str
    message: str


class PublicError(Exception):
    """Raised by a task's author to tell the client: ``PublicError("quota", "Your quota is used up.")``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


TASK_FAILED = Failure("task_failed", "The task failed.")
EXPIRED = Failure("expired", "The task was not started in time.")
REVOKED = Failure("revoked", "The task was cancelled.")
PURGED = Failure("purged", "The task was taken out of its queue before it began.")
NOT_SENT = Failure("not_sent", "The task could not be sent.")
UNDECODABLE = Failure("undecodable", "No worker can read the task's message.")
REJECTED = Failure("rejected", "The task was rejected.")
DEPENDENCY_FAILED = Failure("dependency_failed", "A task that this one depends on did not succeed.")
WORKER_SILENT = Failure("worker_silent", "The worker that runs the task does not answer.")
WORKER_LOST = Failure("worker_lost", "The worker that ran the task was lost.")
RESULT_LOST = Failure("result_lost", "The task has ended, but its result was lost.")

#: By the exception's class name, as Celery and its pools raise them.
_KNOWN = {
    "SoftTimeLimitExceeded": Failure("time_limit", "The task took too long and was stopped."),
    "TimeLimitExceeded": Failure("time_limit", "The task took too long and was stopped."),
    "WorkerLostError": WORKER_LOST,
    "NotRegistered": Failure("not_registered", "No worker knows this task."),
    "EncodeError": Failure("encode_error", "The task's result could not be stored."),
    "TaskRevokedError": REVOKED,
    "Terminated": REVOKED,
    "ChordError": DEPENDENCY_FAILED,
    "Reject": REJECTED,
}

#: What an application adds: a class name, or its dotted path, and what a client is told of it.
PublicErrors = Mapping[str, tuple[str, str]]


def failure_of(raised: object, public: PublicErrors | None = None) -> Failure:
    """What to tell of an exception; the most specific class that is known decides."""
    if isinstance(raised, PublicError):
        return Failure(str(raised.code), str(raised.message))
    for kind in type(raised).__mro__:
        told = (public or {}).get(f"{kind.__module__}.{kind.__qualname__}") or (public or {}).get(
            kind.__name__
        )
        if told is not None:
            return Failure(*told)
        if kind.__name__ == "TaskRevokedError" and "expired" in str(getattr(raised, "args", "")):
            return EXPIRED
        if kind.__name__ in _KNOWN:
            return _KNOWN[kind.__name__]
    return TASK_FAILED


def failure_named(kind: str, module: str, args: str, public: PublicErrors | None = None) -> Failure:
    """The same of an exception of which no more is known than its class and, as text, its arguments."""
    told = (public or {}).get(f"{module}.{kind}") or (public or {}).get(kind)
    if told is not None:
        return Failure(*told)
    if kind == "TaskRevokedError" and "expired" in args:
        return EXPIRED
    return _KNOWN.get(kind, TASK_FAILED)


def error_member(failure: Failure, ref: str) -> dict[str, str]:
    """The ``error`` member; ``ref`` is what the operator finds in the log beside the traceback."""
    code, message = failure.code[:MAX_WORD], failure.message[:MAX_TEXT]
    return {"error": to_json({"code": code, "message": message, "ref": ref})}
