"""A task's end, as those who are told of it hear it."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from taskbeam.journal.events import Record
from taskbeam.journal.labels import FIELDS, Labels
from taskbeam.journal.run_script import run_script
from taskbeam.journal.scripts import Script

if TYPE_CHECKING:
    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.keys import TaskKeys
    from taskbeam.notifications.members import End


_READ, _NOTE_TOLD = (
    Script.of(files(__package__).joinpath(f"{name}.lua").read_text("utf-8"))
    for name in ("ended", "note_told")
)


class Ended(NamedTuple):
    """The last event of a task (`docs/contract.md`), whose it is, and which targets asked for this one."""

    end: End
    event: dict[str, Any]
    labels: Labels
    asked_by: tuple[str, ...]

    @property
    def state(self) -> str:
        """One of the final states."""
        return str(self.event["state"])

    @property
    def name(self) -> str | None:
        """Celery's name of the task, where it is known."""
        return self.event.get("name")


async def read_ended(journals: Exchange, keys: TaskKeys, end: End) -> Ended | None:
    """Read it from the task's journal.

    Returns None where the journal has expired, or goes on: a task that was sent again has another end.
    Raises redis-py's errors.
    """
    found, notify, *labels = await run_script(journals, _READ, (keys.log, keys.head), *FIELDS)
    record = Record.parse(found) if found else None
    if record is None or record.id != end.id:
        return None
    asked_by = tuple((notify or b"").decode().split())
    return Ended(end, json.loads(record.body), Labels.of_head(labels), asked_by)


async def note_told(journals: Exchange, keys: TaskKeys, end: End) -> None:
    """On a cluster: nobody who comes later has to say that the end is due. Raises redis-py's errors."""
    if not keys.beside_control:
        await run_script(journals, _NOTE_TOLD, (keys.head,), str(end.id.epoch))
