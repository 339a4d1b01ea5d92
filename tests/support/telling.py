"""What a worker tells of a task, told by a test: each state is had at once, and stays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from taskbeam.celery.written_text import in_json, units_of
from taskbeam.journal import events
from taskbeam.journal.encode import to_json
from taskbeam.journal.entry import Entry, new_token

from .results import names

if TYPE_CHECKING:
    from taskbeam.journal.writer import Writer

NAME = "reports.generate"


class ToldTask:
    """A task that was sent, and whose life is what the test says."""

    def __init__(
        self,
        writer: Writer,
        task_id: str,
        name: str = NAME,
        owner: str = "",
        tree: str = "",
        **sent: Any,
    ) -> None:
        """``sent``: members of its PENDING event."""
        self.id = task_id
        self._name = name
        self._labels = {label: of for label, of in (("owner", owner), ("tree", tree)) if of}
        self._writer = writer
        self._run = ""
        self._written = 0
        self._tell(events.PENDING, birth=True, **sent)

    def start(self) -> None:
        """A run begins; after a retry, the next one."""
        self._run = new_token()
        self._written = 0
        self._tell(events.STARTED)

    def progress(self, current: float, total: float | None = None, message: str = "", **more: Any) -> None:
        """``more``: other members of the event."""
        progress: dict[str, Any] = {"current": current}
        if total is not None:
            progress |= {"total": total, "percent": 100 * current / total}
        if message:
            progress["message"] = message
        self._tell(events.PROGRESS, type="progress", progress=progress, **more)

    def write(self, text: str, lost: int = 0) -> None:
        """More of the text of this run; ``lost``: UTF-16 units that come behind it and are not kept."""
        units = units_of(text)
        self._written = self._written + units + lost
        self._writer.append(
            Entry(
                keys=names(self.id),
                task_id=self.id,
                type="output",
                text=in_json(text),
                units=units,
                written=self._written,
                run=self._run,
                name=self._name,
            )
        )

    def retry(self, delay: float, most: int | None = 3) -> None:
        """``delay`` in seconds from now."""
        retry = {"at": time.time() + delay, "delay": delay, "max": most}
        self._tell("RETRY", ends_run=True, error=_error("task_failed", "The task failed."), retry=retry)

    def succeed(self, result: object = None) -> None:
        self._tell(events.SUCCESS, final=True, result=result)

    def fail(self, state: str, code: str, message: str) -> None:
        """End as ``state``; the error's reference is always the same."""
        self._tell(state, final=True, error=_error(code, message))

    def state(self, state: str, **members: Any) -> None:
        """A state that is not final."""
        self._tell(state, **members)

    def _tell(
        self,
        state: str,
        *,
        type: str = "state",  # noqa: A002
        birth: bool = False,
        final: bool = False,
        ends_run: bool = False,
        **members: Any,
    ) -> None:
        self._writer.append(
            Entry(
                keys=names(self.id),
                task_id=self.id,
                type=type,
                members={name: to_json(value) for name, value in members.items()},
                state=state,
                run=self._run,
                birth=birth,
                final=final,
                ends_run=ends_run,
                name=self._name,
                labels=self._labels,
            )
        )


def _error(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message, "ref": "b486cb31"}
