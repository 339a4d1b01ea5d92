"""Which form the value of each keyword of JSON Schema has (its meta-schema, as rules). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from taskbeam.gateway.documents.json_schema import LISTED, NAMED, ONE

if TYPE_CHECKING:
    from collections.abc import Callable

_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})

#: What a backslash stands before in every dialect of regular expressions.
_ESCAPED = frozenset(r"bBdDfnrsStuvwWx0123456789^$\.*+?()[]{}|/-")

_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)

#: A group that not every dialect has: one with flags or a name.
_OWN_GROUP = re.compile(r"\(\?(?![:=!]|<[=!])")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_step(value: Any) -> bool:
    return _is_number(value) and value > 0


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and _are_names(names) and _TYPES.issuperset(names)


def _need_names(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_are_names, value.values()))


def _is_discriminator(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= {"mapping", "propertyName"}
        and _is_text(value.get("propertyName"))
        and isinstance(mapping := value.get("mapping", {}), dict)
        and all(map(_is_text, mapping.values()))
    )


def _is_regex(value: Any) -> bool:
    """Whether it is one for every validator: a dialect's own would keep others from the whole document."""
    if not isinstance(value, str) or _OWN_GROUP.search(_ESCAPE.sub("", value)):
        return False
    if not _ESCAPED.issuperset(_ESCAPE.findall(value)):
        return False
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _is_schema(value: Any) -> bool:
    return isinstance(value, (bool, dict))


def _are_schemas(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_schema, value))


def _are_named_schemas(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_schema, value.values()))


def _are_schemas_by_regex(value: Any) -> bool:
    return _are_named_schemas(value) and all(map(_is_regex, value))


_FORMS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(ONE, _is_schema),
    **dict.fromkeys(LISTED, _are_schemas),
    **dict.fromkeys(NAMED, _are_named_schemas),
    **dict.fromkeys(("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum"), _is_number),
    **dict.fromkeys((f"{end}{of}" for end in ("max", "min") for of in ("Length", "Items")), _is_count),
    **dict.fromkeys((f"{end}{of}" for end in ("max", "min") for of in ("Properties", "Contains")), _is_count),
    **dict.fromkeys(("title", "description", "format", "$ref", "$comment"), _is_text),
    **dict.fromkeys(("contentEncoding", "contentMediaType"), _is_text),
    **dict.fromkeys(("deprecated", "readOnly", "writeOnly", "uniqueItems"), _is_flag),
    **dict.fromkeys(("enum", "examples"), _is_list),
    "patternProperties": _are_schemas_by_regex,
    "pattern": _is_regex,
    "multipleOf": _is_step,
    "type": _is_type,
    "required": _are_names,
    "dependentRequired": _need_names,
    "discriminator": _is_discriminator,
}


def has_form(keyword: str, value: Any) -> bool:
    """Whether the value is one that the keyword may have. What is no keyword may have any."""
    form = _FORMS.get(keyword)
    return form is None or form(value)
