"""What a client is told of what Celery has stored: as of a task of ours, but for what nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskbeam.journal import events
from taskbeam.journal.bounds import MAX_WORD
from taskbeam.journal.describe import Description, describe
from taskbeam.journal.encode import to_json
from taskbeam.journal.failures import TASK_FAILED, Failure, failure_named

if TYPE_CHECKING:
    from taskbeam.journal.failures import PublicErrors
    from taskbeam.stock.meta import Meta

#: The ends that Celery stores. What else is called as one of ours is a state of the task's own.
ENDS = frozenset({events.SUCCESS, events.FAILURE, events.REVOKED})

#: Where the result is an exception.
_FAILING = frozenset({events.RETRY, events.FAILURE, events.REVOKED})

_CELERYS = frozenset({events.PENDING, events.STARTED, *_FAILING, events.SUCCESS})


@dataclass(frozen=True, slots=True)
class Told:
    """An event without its id: ``front`` and ``back`` are its JSON members around the task's name.

    ``failure``: what is told of one; the log has its ``ref``.
    """

    state: str
    final: bool
    name: str
    front: str
    back: str
    failure: Failure | None = None


def told_of(task_id: str, meta: Meta, ts: float, ref: str, public_errors: PublicErrors | None = None) -> Told:
    """Tell a stored result. ``ts``: when it was heard, Unix seconds."""
    state = meta.status[:MAX_WORD]
    failure = _failure(meta.result, public_errors) if state in _FAILING else None
    if meta.omitted:
        description = _omitted(state)
    else:
        description = describe(state if state in _CELERYS else "", meta.result, failure or TASK_FAILED, ref)
    if failure is not None and meta.omitted:
        description = describe(state, None, failure, ref)
    members = dict(description.members)
    if meta.retries is not None and meta.retries >= 0:
        members = {"attempt": str(meta.retries + 1), **members}
    final = state in ENDS
    return Told(
        state,
        final,
        (meta.name or "")[:MAX_WORD],
        _front(task_id, description.type, state),
        _back(ts, final, members),
        failure,
    )


def told_as_sent(task_id: str, name: str, ts: float) -> Told:
    """Tell that the gateway itself has sent the task."""
    front = _front(task_id, "state", events.PENDING)
    return Told(events.PENDING, False, name, front, _back(ts, False, {}))


def unknown_event(task_id: str, ts: float) -> bytes:
    """What is told where Celery has stored nothing: the task may be queued, or there may be none."""
    front, back = _front(task_id, "state", events.PENDING), _back(ts, False, {"known": "false"})
    return f'{{{front}"name":null,{back}'.encode()


def _front(task_id: str, kind: str, state: str) -> str:
    return f'"task_id":{to_json(task_id)},"type":"{kind}","state":{to_json(state)},'


def _back(ts: float, final: bool, members: dict[str, str]) -> str:
    told = "".join([f',"{name}":{value}' for name, value in members.items()])
    return f'"ts":{ts:.6f},"final":{"true" if final else "false"},"source":"celery"{told}}}'


def _omitted(state: str) -> Description:
    """Of what is too large or a pickle, the state alone."""
    if state == events.SUCCESS:
        return Description("state", {"result_omitted": "true"})
    return Description("state", {} if state in _CELERYS else {"data_omitted": "true"})


def _failure(result: Any, public_errors: PublicErrors | None) -> Failure:
    """By the class of the exception, as Celery's serializers spell it; its own words are never told."""
    if not isinstance(result, dict) or not isinstance(result.get("exc_type"), str):
        return TASK_FAILED
    module = result.get("exc_module")
    return failure_named(
        result["exc_type"],
        module if isinstance(module, str) else "",
        str(result.get("exc_message")),
        public_errors,
    )
