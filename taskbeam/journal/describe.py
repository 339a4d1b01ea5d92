"""What Celery stores, told to a client: the type of the event and the members of its body.

Pure rules. What must not reach a client (tracebacks, exception messages, a worker's pid) ends here.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite, isnan, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbeam.journal import events
from taskbeam.journal.bounds import MAX_TEXT, bounded, is_too_large
from taskbeam.journal.encode import to_json
from taskbeam.journal.failures import TASK_FAILED, Failure, error_member

if TYPE_CHECKING:
    from collections.abc import Callable

    #: Seconds from ``current`` to ``total``, as far as they can be estimated.
    Remaining = Callable[[float, float], float | None]


@dataclass(frozen=True, slots=True)
class Description:
    """``type`` of the event and its optional members, already JSON-encoded by name; bounded as a whole.

    ``permille``: how much of the task is done, where it says so.
    """

    type: str
    members: dict[str, str] = field(default_factory=dict)
    permille: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", bounded(self.members))


class Retry(NamedTuple):
    """When a task runs again: ``at`` in Unix seconds, ``delay`` in seconds, at most ``max`` times."""

    at: float
    delay: float
    max: int | None


def describe(
    state: str,
    result: object,
    failure: Failure = TASK_FAILED,
    ref: str = "",
    retry: Retry | None = None,
    remaining: Remaining | None = None,
) -> Description:
    """Tell a stored state.

    ``result`` is what the backend was given: a result or a progress meta. ``failure`` and ``ref`` are
    told where the state is one of failing, ``remaining`` is asked where it is one of progress.
    """
    if state in (events.STARTED, events.PENDING):
        return Description("state")
    if state == events.SUCCESS:
        return Description("state", _member("result", result))
    if state == events.RETRY:
        members = error_member(failure, ref)
        if retry is not None:
            members["retry"] = to_json(retry._asdict())
        return Description("state", members)
    if state in events.FINAL_STATES:
        return Description("state", error_member(failure, ref))
    return _custom(result, remaining)


def _member(name: str, value: object) -> dict[str, str]:
    """The value, unless it is too large or has no JSON form; then the event says so. And its files."""
    files: list[str] = []
    members = {f"{name}_omitted": "true"}
    with suppress(TypeError, ValueError, RecursionError):
        encoded = to_json(value, files)
        if not is_too_large(encoded):
            members = {name: encoded}
    return members | files_member(files)


def files_member(files: list[str]) -> dict[str, str]:
    """The files that a value names, each once; unless their names are too many, then the event says so.

    It stands beside the value: nothing that a task repeats from its user becomes a member of the event.
    """
    if not files:
        return {}
    encoded = to_json(list(dict.fromkeys(files)))
    return {"files_omitted": "true"} if is_too_large(encoded) else {"files": encoded}


def _custom(meta: object, remaining: Remaining | None) -> Description:
    """A state of the task's own: ``meta`` with a number as ``current`` is progress, all else is data."""
    if not isinstance(meta, dict) or not _is_number(meta.get("current")):
        return Description("state", {} if meta is None else _member("data", meta))
    rest = dict(meta)
    progress = progress_of(rest.pop("current"), rest.pop("total", None), rest.pop("message", None))
    members = {"progress": to_json(progress)} | (_member("data", rest) if rest else {})
    if remaining is not None and "percent" in progress:
        members |= _estimate(progress, remaining)
    percent = progress.get("percent", nan)
    return Description("progress", members, None if isnan(percent) else int(percent * 10))


def _estimate(progress: dict[str, Any], remaining: Remaining) -> dict[str, str]:
    """``end``: seconds until the task ends; absent while there is not enough to go by."""
    try:
        seconds = remaining(progress["current"], progress["total"])
    except OverflowError:  # of integers that no float can hold
        return {}
    return {"estimate": f'{{"end":{seconds:.1f}}}'} if seconds is not None and isfinite(seconds) else {}


def progress_of(current: float, total: Any, message: object) -> dict[str, Any]:
    """The ``progress`` member: ``percent`` (0 to 100) only where there is a total to compare with."""
    progress: dict[str, Any] = {"current": current}
    if _is_number(total):
        progress["total"] = total
        if total > 0:
            with suppress(OverflowError):  # of integers that no float can hold
                progress["percent"] = round(min(max(100 * current / total, 0.0), 100.0), 2)
    if message is not None:
        progress["message"] = str(message)[:MAX_TEXT]
    return progress


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
