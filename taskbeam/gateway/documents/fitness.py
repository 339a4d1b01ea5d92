"""Whether a task's schema may stand in a document: one that may not would spoil all of it. Pure."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from math import isfinite
from typing import Any

from taskbeam.gateway.documents.json_schema import inner_schemas
from taskbeam.gateway.documents.keyword_forms import has_form

#: How a schema of pydantic's refers to another one of the same task.
LOCAL = "#/$defs/"

#: How deep a schema may be, with its values: readers of JSON have a bound of their own.
MOST_LEVELS = 64

#: Characters of a member's name: readers of YAML take 1,024 at the most.
LONGEST_NAME = 255

#: Keywords that begin with this change what others mean: an `$id` the base of references, for example.
_CORE = "$"
_HARMLESS = frozenset({"$ref", "$comment"})

#: Surrogates, which JSON may name one by one; in UTF-8 there is none.
_HALVES = re.compile("[\ud800-\udfff]")


class UnfitSchemaError(ValueError):
    """The schema cannot be in a document; says why."""


def reached(schema: Any, defs: dict[str, Any]) -> list[str]:
    """The names of the definitions that the schema refers to, directly or not, in order.

    Raises `UnfitSchemaError` where the schema, or one of these, may stand in no document.
    """
    same: dict[str, set[str]] = {}
    waiting, _ = _references(schema)
    while waiting:
        name = waiting.pop()
        if name in same:
            continue
        if name not in defs:
            raise UnfitSchemaError("it refers to what it does not have")
        refers, same[name] = _references(defs[name])
        waiting |= refers
    try:
        TopologicalSorter(same).prepare()
    except CycleError:
        raise UnfitSchemaError("to check a value by it would never end") from None
    return sorted(same)


def _references(schema: Any) -> tuple[set[str], set[str]]:
    """All definitions that a fit schema refers to, and those of them that look at the same value."""
    _check_value(schema, 0)
    refers: set[str] = set()
    same: set[str] = set()
    waiting = [(schema, True)]
    while waiting:
        found, in_place = waiting.pop()
        if isinstance(found, bool):
            continue
        _check_keywords(found)
        if "$ref" in found:
            refers.add(name := _local(found["$ref"]))
            if in_place:
                same.add(name)
        if "discriminator" in found:
            refers |= {_local(each) for each in found["discriminator"].get("mapping", {}).values()}
        waiting += [(inner.schema, in_place and inner.in_place) for inner in inner_schemas(found)]
    return refers, same


def _check_keywords(schema: Any) -> None:
    if not isinstance(schema, dict):
        raise UnfitSchemaError("a part of it is no schema")
    for keyword, value in schema.items():
        if keyword.startswith(_CORE) and keyword not in _HARMLESS:
            raise UnfitSchemaError(f"it has {keyword!r}")
        if not has_form(keyword, value):
            raise UnfitSchemaError(f"the value of {keyword!r} in it is none that every validator takes")


def _local(reference: str) -> str:
    if not reference.startswith(LOCAL):
        raise UnfitSchemaError("it refers to another document, or to a part of a schema")
    return reference.removeprefix(LOCAL)


def _check_value(value: Any, level: int) -> None:
    """Raises for what is too deep, and for what no document can say."""
    if level > MOST_LEVELS:
        raise UnfitSchemaError("it is too deep")
    if isinstance(value, dict):
        for name, each in value.items():
            if len(name) > LONGEST_NAME:
                raise UnfitSchemaError("a name in it is too long")
            _check_value(name, level)
            _check_value(each, level + 1)
    elif isinstance(value, list):
        for each in value:
            _check_value(each, level + 1)
    elif isinstance(value, float) and not isfinite(value):
        raise UnfitSchemaError("a number in it is not finite")
    elif isinstance(value, str) and _HALVES.search(value):
        raise UnfitSchemaError("a text in it has half a character")
