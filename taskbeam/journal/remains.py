"""What the head alone says of a task whose newest state Redis has evicted from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from taskbeam.journal import events
from taskbeam.journal.encode import to_json
from taskbeam.journal.events import EventId, Record
from taskbeam.journal.failures import (
    REJECTED,
    REVOKED,
    TASK_FAILED,
    WORKER_LOST,
    WORKER_SILENT,
    Failure,
    error_member,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What is told of a failure whose own words are gone.
_FAILURES: Mapping[str, Failure] = {
    events.FAILURE: TASK_FAILED,
    events.RETRY: TASK_FAILED,
    events.REVOKED: REVOKED,
    events.REJECTED: REJECTED,
    events.STALLED: WORKER_SILENT,
    events.LOST: WORKER_LOST,
}


class Remains(NamedTuple):
    """The fields of the head that are known to the client."""

    state: str
    final: bool
    name: str | None
    attempt: int
    cancelled: bool

    @classmethod
    def of(cls, fields: Sequence[bytes | None]) -> Self:
        """Read ``state``, ``final``, ``name``, ``attempt`` and ``cancel`` as Redis has them."""
        state, final, name, attempt, cancel = ((field or b"").decode() for field in fields)
        return cls(state, final == "1", name or None, int(attempt or 1), cancel == "1")

    def record(self, id: EventId, task_id: str, now: float) -> Record:  # noqa: A002
        """An event that tells the state, in the place of the one that is lost.

        Args:
            id: of the journal's newest record.
            task_id: Celery's id of the task.
            now: Unix seconds; when the event was written, nobody knows any more.
        """
        members = self._members()
        body = (
            f'{{"id":"{id}","task_id":{to_json(task_id)},"type":"state","state":{to_json(self.state)},'
            f'"name":{to_json(self.name)},"attempt":{self.attempt},"ts":{now:.6f},'
            f'"final":{"true" if self.final else "false"}'
        )
        told = "".join(f',"{name}":{value}' for name, value in members.items())
        return Record(id, self.final, f"{body}{told}}}".encode())

    def _members(self) -> dict[str, str]:
        if self.state == events.SUCCESS:
            return {"result_omitted": "true"}
        failure = _FAILURES.get(self.state)
        members = error_member(failure, "") if failure else {}
        return members | ({"cancel": '"requested"'} if self.cancelled and not self.final else {})
