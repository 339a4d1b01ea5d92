"""Where a JSON Schema (2020-12) has schemas inside. Pure.

Whatever else stands in one, such as a default or an example, is a value: a member ``$ref`` in it is no
reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Keywords whose value is a schema, a list of schemas, and an object of schemas by name.
ONE = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED = frozenset({"dependentSchemas", "patternProperties", "properties"})

#: Those that look at the same value again, and not at a part of it.
IN_PLACE = frozenset({"allOf", "anyOf", "dependentSchemas", "else", "if", "not", "oneOf", "then"})


class Inner(NamedTuple):
    """A schema inside another one, and whether it looks at the same value."""

    schema: Any
    in_place: bool


def inner_schemas(schema: dict[str, Any]) -> Iterator[Inner]:
    """The schemas directly inside; those of keywords that have the wrong form are left out."""
    for keyword, value in schema.items():
        if keyword in ONE:
            yield Inner(value, keyword in IN_PLACE)
        elif keyword in LISTED and isinstance(value, list):
            yield from (Inner(each, keyword in IN_PLACE) for each in value)
        elif keyword in NAMED and isinstance(value, dict):
            yield from (Inner(each, keyword in IN_PLACE) for each in value.values())


def with_inner(schema: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """The schema with each one directly inside as ``change`` makes it; its keywords have the right form."""
    changed = dict(schema)
    for keyword, value in schema.items():
        if keyword in ONE:
            changed[keyword] = change(value)
        elif keyword in LISTED:
            changed[keyword] = [change(each) for each in value]
        elif keyword in NAMED:
            changed[keyword] = {name: change(each) for name, each in value.items()}
    return changed
