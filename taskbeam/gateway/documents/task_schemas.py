"""What a task has published, as components of a document and rules for its events. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from taskbeam.celery.payloads import MEMBERS, Payload
from taskbeam.gateway.documents.component_names import COMPONENTS, definition_name, payload_name
from taskbeam.gateway.documents.fitness import LOCAL, UnfitSchemaError, reached
from taskbeam.gateway.documents.json_schema import with_inner

#: Characters of a component's name; readers of YAML take 1,024 at the most.
LONGEST_NAME = 500


@dataclass(frozen=True)
class TaskSchemas:
    """One task's: its components, a rule for each payload, and why others are missing, by payload."""

    components: dict[str, Any]
    rules: list[dict[str, Any]]
    unfit: dict[str, str]


def schemas_of(task_name: str, published: bytes) -> TaskSchemas:
    """Read what a worker has published of a task; each payload that may stand in no document is left out."""
    components: dict[str, Any] = {}
    rules: list[dict[str, Any]] = []
    unfit: dict[str, str] = {}
    try:
        given, defs = _parsed(published)
    except UnfitSchemaError as error:
        return TaskSchemas({}, [], {"payloads": str(error)})
    for payload in Payload:
        if payload not in given:
            continue
        try:
            names = reached(given[payload], defs)
            found = {definition_name(task_name, name): _moved(defs[name], task_name) for name in names}
            found[named := payload_name(task_name, payload)] = _moved(given[payload], task_name)
            if max(map(len, found)) > LONGEST_NAME:
                raise UnfitSchemaError("its name in the document would be too long")
        except UnfitSchemaError as error:
            unfit[payload] = str(error)
        else:
            components |= found
            rules += _rules(task_name, payload, named)
    return TaskSchemas(components, rules, unfit)


def _parsed(published: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schemas by payload, and their definitions."""
    try:
        whole = json.loads(published)
    except (ValueError, RecursionError):
        raise UnfitSchemaError("it is no JSON that can be read") from None
    given, defs = (
        whole.get(name, {}) if isinstance(whole, dict) else None for name in ("properties", "$defs")
    )
    if not isinstance(given, dict) or not isinstance(defs, dict):
        raise UnfitSchemaError("it is no JSON Schema of an object")
    return given, defs


def _moved(schema: Any, task_name: str) -> Any:
    """A fit schema, which refers to where a document has its definitions."""
    if isinstance(schema, bool):
        return schema
    moved = with_inner(schema, lambda inner: _moved(inner, task_name))
    if "$ref" in schema:
        moved["$ref"] = _place(schema["$ref"], task_name)
    discriminator = schema.get("discriminator")
    if discriminator is not None:
        mapping = discriminator.get("mapping", {})
        moved["discriminator"] = discriminator | {
            "mapping": {value: _place(each, task_name) for value, each in mapping.items()}
        }
    return moved


def _place(reference: str, task_name: str) -> str:
    return COMPONENTS + definition_name(task_name, reference.removeprefix(LOCAL))


def _rules(task_name: str, payload: Payload, component: str) -> list[dict[str, Any]]:
    """In which of the task's events the payload is, as a schema of an event."""
    kinds: dict[str, list[str]] = {}
    for (kind, member), carried in MEMBERS.items():
        if carried is payload:
            kinds.setdefault(member, []).append(kind)
    return [
        {
            "if": {
                "required": ["name", "type"],
                "properties": {"name": {"const": task_name}, "type": {"enum": types}},
            },
            "then": {"properties": {member: {"$ref": COMPONENTS + component}}},
        }
        for member, types in kinds.items()
    ]
