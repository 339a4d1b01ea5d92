"""What Celery stores, told to a client: the type of the event and the members of its body.

Pure rules. What must not reach a client (tracebacks, exception messages, a worker's pid) ends here.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from taskbeam import events
from taskbeam.encode import to_json

#: A result larger than this stays in Celery's result only; the event says `result_omitted`.
MAX_RESULT_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Description:
    """``type`` of the event and its optional members, already JSON-encoded by name."""

    type: str
    members: dict[str, str] = field(default_factory=dict)


class Retry(NamedTuple):
    """When a task runs again: ``at`` in Unix seconds, ``delay`` in seconds, at most ``max`` times."""

    at: float
    delay: float
    max: int | None


_FAILURES = {
    "SoftTimeLimitExceeded": ("time_limit", "The task took too long and was stopped."),
    "TimeLimitExceeded": ("time_limit", "The task took too long and was stopped."),
    "WorkerLostError": ("worker_lost", "The worker that ran the task was lost."),
    "NotRegistered": ("not_registered", "No worker knows this task."),
    "EncodeError": ("encode_error", "The task's result could not be stored."),
    "UnpickleableExceptionWrapper": ("task_failed", "The task failed."),
    "TaskRevokedError": ("revoked", "The task was cancelled."),
    "ChordError": ("dependency_failed", "A task that this one depends on failed."),
}
_TASK_FAILED = ("task_failed", "The task failed.")
_EXPIRED = ("expired", "The task was not started in time.")


def describe(state: str, result: object, ref: str, retry: Retry | None = None) -> Description:
    """Tell a stored state.

    ``result`` is what the backend was given: a result, a progress meta, or an exception as Celery
    encoded it. ``ref`` names the failure in the operator's log.
    """
    if state == events.STARTED or state == events.PENDING:
        return Description("state")
    if state == events.SUCCESS:
        return Description("state", _result(result))
    if state == events.RETRY:
        members = {"error": _error(result, ref)}
        if retry is not None:
            members["retry"] = to_json(retry._asdict())
        return Description("state", members)
    if state in events.FINAL_STATES:
        return Description("state", {"error": _error(result, ref)})
    return _custom(result)


def _result(result: object) -> dict[str, str]:
    try:
        encoded = to_json(result)
    except (TypeError, ValueError, RecursionError):
        return {"result_omitted": "true"}
    if len(encoded.encode()) > MAX_RESULT_BYTES:
        return {"result_omitted": "true"}
    return {"result": encoded}


def _error(result: object, ref: str) -> str:
    code, message = _failure(*_exception(result))
    return to_json({"code": code, "message": message, "ref": ref})


def _failure(exception_type: str, arguments: object) -> tuple[str, str]:
    if exception_type == "TaskRevokedError" and "expired" in str(arguments):
        return _EXPIRED
    return _FAILURES.get(exception_type, _TASK_FAILED)


def _exception(result: object) -> tuple[str, object]:
    """The exception's type and arguments; Celery's JSON form of it is a dict."""
    if isinstance(result, dict):
        return str(result.get("exc_type")), result.get("exc_message")
    return type(result).__name__, getattr(result, "args", ())


def _custom(meta: object) -> Description:
    """A state of the task's own: ``meta`` with a number as ``current`` is progress, all else is data."""
    if not isinstance(meta, dict) or not _is_number(meta.get("current")):
        return Description("state", {} if meta is None else _data(meta))
    rest = dict(meta)
    progress = progress_of(rest.pop("current"), rest.pop("total", None), rest.pop("message", None))
    return Description("progress", {"progress": to_json(progress)} | (_data(rest) if rest else {}))


def progress_of(current: float, total: Any, message: object) -> dict[str, Any]:
    """The ``progress`` member: ``percent`` (0 to 100) only where there is a total to compare with."""
    progress: dict[str, Any] = {"current": current}
    if _is_number(total):
        progress["total"] = total
        if total > 0:
            with suppress(OverflowError):  # of integers that no float can hold
                progress["percent"] = round(min(max(100 * current / total, 0.0), 100.0), 2)
    if message is not None:
        progress["message"] = str(message)
    return progress


def _data(value: object) -> dict[str, str]:
    try:
        return {"data": to_json(value)}
    except (TypeError, ValueError, RecursionError):
        return {"data_omitted": "true"}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
