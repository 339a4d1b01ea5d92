"""The types of all tasks' payloads, as a document has them. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.documents.component_names import COMPONENTS
from taskbeam.gateway.documents.task_schemas import schemas_of

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What a document has of all tasks together, in bytes of JSON.
MOST_BYTES = 512 * 1024

#: The component that every event refers to. No task's has this name.
RULES = "TaskEvent--payloads"

#: What an event is, beside what is said of every task's.
TYPED_EVENT = {"$ref": COMPONENTS + RULES}


@dataclass(frozen=True, eq=False)
class Catalogue:
    """What goes into the components of a document.

    - ``components``: schemas by their names; empty where no task has registered anything.
    - ``unfit``: what is missing because it may stand in no document: a sentence for each payload.
    - ``more``: how many tasks are missing because there is no room for them.
    """

    components: dict[str, Any] = field(default_factory=dict)
    unfit: tuple[str, ...] = ()
    more: int = 0


def catalogue(published: Mapping[str, bytes], more: int = 0) -> Catalogue:
    """Read what workers have published, by task; ``more``: how many tasks were not even read.

    Tasks are taken by their names, as long as there is room.
    """
    components: dict[str, Any] = {}
    rules: list[dict[str, Any]] = []
    unfit: list[str] = []
    room = MOST_BYTES
    for name, schema in sorted(published.items()):
        found = schemas_of(name, schema)
        unfit += [f"{payload} of {name!r}: {why}" for payload, why in found.unfit.items()]
        size = len(json.dumps([found.components, found.rules]))
        if size > room:
            more += 1
            continue
        room -= size
        components |= found.components
        rules += found.rules
    if rules:
        components[RULES] = {"description": _description(more + len(unfit)), "allOf": rules}
    return Catalogue(components, tuple(unfit), more)


def _description(missing: int) -> str:
    said = "The types of payloads that tasks have registered, as far as the event has these payloads."
    return f"{said} {missing} more are not here; `/schemas/{{name}}` has them." if missing else said
