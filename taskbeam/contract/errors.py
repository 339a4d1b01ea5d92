"""Why there is no result: how the task ended, or why the gateway does not let it be followed."""

# ruff: noqa: N818 # named for what happened, as Celery's and httpx's are

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.journal import events

if TYPE_CHECKING:
    from taskbeam.contract.events import StateEvent


class ClientError(Exception):
    """What the client raises, beside `TimeoutError`. ``code`` is stable: what a program looks at."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Refused(ClientError):
    """The gateway, or something before it, said no: a problem of RFC 9457.

    ``status`` is HTTP's, None where a stream ended with the problem. ``code`` is ``http_<status>`` where the
    answer was not the gateway's. ``retry``: the same request may succeed later.
    """

    def __init__(self, code: str, message: str, status: int | None = None, *, retry: bool = False) -> None:
        super().__init__(code, message)
        self.status = status
        self.retry = retry


class UnknownTask(Refused):
    """There is no such task or feed, or it is not for you to read."""


class RecordsExpired(Refused):
    """The task has ended, and its records have expired."""


class Unauthenticated(Refused):
    """There is no token, or it is not valid any more, and a new one was refused, too."""


class TaskError(ClientError):
    """The task ended without a result. ``ref`` is what the operator finds in the log."""

    def __init__(self, task_id: str, state: str, code: str, message: str, ref: str | None) -> None:
        super().__init__(code, message)
        self.task_id = task_id
        self.state = state
        self.ref = ref

    def __str__(self) -> str:
        reference = f", ref {self.ref}" if self.ref else ""
        return f"Task {self.task_id}: {self.state} ({self.code}): {self.message}{reference}"


class TaskFailed(TaskError):
    """FAILURE."""


class TaskRevoked(TaskError):
    """REVOKED: somebody cancelled it, or a task before it did not succeed."""


class TaskExpired(TaskRevoked):
    """REVOKED: no worker began it before its time was over (Celery's ``expires``)."""


class TaskRejected(TaskError):
    """REJECTED: the task refused its message."""


class TaskIgnored(TaskError):
    """IGNORED: the task ended by Celery's `Ignore`, which stores no result."""


class TaskLost(TaskError):
    """LOST: its worker is gone, and nobody will deliver it again."""


class ResultOmitted(TaskError):
    """SUCCESS, and the result has no JSON form or is too large to be sent. Celery's own result has it."""


#: By final state.
_FATES: dict[str, type[TaskError]] = {
    events.FAILURE: TaskFailed,
    events.REVOKED: TaskRevoked,
    events.REJECTED: TaskRejected,
    events.IGNORED: TaskIgnored,
    events.LOST: TaskLost,
    events.SUCCESS: ResultOmitted,
}

#: By the code of a problem.
_REFUSALS: dict[str, type[Refused]] = {
    "unknown_task": UnknownTask,
    "unknown_feed": UnknownTask,
    "expired": RecordsExpired,
    "unauthenticated": Unauthenticated,
    "token_expired": Unauthenticated,
    "token_revoked": Unauthenticated,
}


def result_of(end: StateEvent) -> Any:
    """The result that a final event brings. Raises the `TaskError` of its state where there is none."""
    if end.state == events.SUCCESS and not end.result_omitted:
        return end.result
    raise _task_error(end)


def _task_error(end: StateEvent) -> TaskError:
    fault = end.error
    code = fault.code if fault is not None else end.state.lower()
    kind = TaskExpired if code == "expired" else _FATES.get(end.state, TaskError)
    if kind is ResultOmitted:
        code, message = "result_omitted", "The result has no JSON form, or is too large to be sent."
    else:
        message = fault.message if fault is not None else f"The task ended as {end.state}."
    return kind(end.task_id, end.state, code, message, fault.ref if fault is not None else None)


def refusal(code: str, message: str, status: int | None = None, *, retry: bool = False) -> Refused:
    """The error for a problem."""
    return _REFUSALS.get(code, Refused)(code, message, status, retry=retry)
