"""Typed payloads: what a task promises about the values that its events carry.

pydantic checks them and describes them as JSON Schema. It is loaded when that is done, and by nobody else.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from taskbeam.journal.encode import to_json

if TYPE_CHECKING:
    from pydantic import TypeAdapter

#: The dialect that pydantic writes.
_DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: Faults that are named of one payload; there may be one in each row.
_MOST_FAULTS = 3


class Payload(StrEnum):
    """A value that an event carries; each value of this is a parameter of `Payloads`."""

    RESULT = "result"
    META = "meta"
    CHUNK = "chunk"


_MEANING = {
    Payload.RESULT: "`result` of the event SUCCESS",
    Payload.META: "`data` of events of the types `state` and `progress`",
    Payload.CHUNK: "`data` of events of the type `data`",
}


#: Which member of which type of event is which payload.
MEMBERS = {
    ("state", "result"): Payload.RESULT,
    ("state", "data"): Payload.META,
    ("progress", "data"): Payload.META,
    ("data", "data"): Payload.CHUNK,
}


class Payloads:
    """The types of what a task tells its clients, for the option ``taskbeam_payloads`` of a Celery task.

    A worker checks each payload against its type, as the JSON that clients receive and without converting
    anything (pydantic's strict mode). An event whose payload does not fit is sent without it, and the
    worker's log says why; the task and Celery's own result do not notice. Workers publish the types as JSON
    Schema, which a gateway serves at ``/schemas/{task name}``. Both need pydantic where the workers run.

    Args:
        result: what the task returns.
        meta: what ``update_state(meta=…)`` has beside ``current``, ``total`` and ``message``.
        chunk: what `emit` sends.

    Each is a pydantic model, or any other type that pydantic knows, such as ``list[int]`` or a dataclass.
    None: anything goes.
    """

    def __init__(self, *, result: Any = None, meta: Any = None, chunk: Any = None) -> None:
        given = {Payload.RESULT: result, Payload.META: meta, Payload.CHUNK: chunk}
        self._types = {payload: kind for payload, kind in given.items() if kind is not None}
        self._adapters: dict[Payload, TypeAdapter[Any]] = {}

    def fault(self, payload: Payload, encoded: str) -> str | None:
        """What is wrong with a payload, given as JSON, in one line without its values; None: nothing is.

        Raises `ImportError` where pydantic is not installed, what pydantic raises for a type that it does not
        know, and what a validator of the type's own raises.
        """
        if payload not in self._types:
            return None
        from pydantic import ValidationError

        try:
            self._adapter(payload).validate_json(encoded, strict=True)
        except ValidationError as error:
            return _in_words(error)
        return None

    def schema(self, task_name: str) -> str:
        """A JSON Schema of an object that has the payloads as its members, as JSON; raises as `fault`."""
        from pydantic import TypeAdapter

        inputs: list[Any] = [(payload, "validation", self._adapter(payload)) for payload in self._types]
        schemas, shared = TypeAdapter.json_schemas(inputs)
        members = {
            str(payload): {"description": _MEANING[payload]} | schemas[payload, "validation"]
            for payload in self._types
        }
        whole = {"$schema": _DIALECT, "title": task_name, "type": "object", "properties": members}
        return to_json(whole | shared)

    def _adapter(self, payload: Payload) -> TypeAdapter[Any]:
        """Made once: that takes longer than many checks."""
        found = self._adapters.get(payload)
        if found is None:
            from pydantic import TypeAdapter

            found = self._adapters[payload] = TypeAdapter(self._types[payload])
        return found


def _in_words(error: Any) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    named = [
        ": ".join([*([".".join(map(str, fault["loc"]))] if fault["loc"] else []), fault["msg"]])
        for fault in faults[:_MOST_FAULTS]
    ]
    more = len(faults) - _MOST_FAULTS
    return "; ".join(named) + (f"; and {more} more" if more > 0 else "")


def payloads_of(task: object) -> Payloads | None:
    """What a task has registered; None: nothing, or what is no `Payloads`."""
    found = getattr(task, "taskbeam_payloads", None)
    return found if isinstance(found, Payloads) else None
