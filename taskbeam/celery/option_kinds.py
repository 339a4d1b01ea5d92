"""What each option of `taskbeam_options` has to be: in words, and as a check of a value. Pure.

A value that is none would be taken, and break something far from here: a report, or how a task failed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

#: What one task may count for beside another that counts for 1.
MAX_WEIGHT = 1000


class Kind(NamedTuple):
    """``words`` go on "it must be …"; ``has`` says whether a value is one."""

    words: str
    has: Callable[[Any], bool]


def fault_of(option: str, value: Any) -> str | None:
    """What is wrong with the value of an option, in words; None if nothing is."""
    kind = _KINDS[option]
    if not kind.has(value):
        return f"{option} must be {kind.words}, not {value!r}"
    if option not in _MEMBERS:
        return None
    member, kind = _MEMBERS[option]
    return next(
        (
            f"the {member} of {name} must be {kind.words}, not {each!r}"
            for name, each in value.items()
            if not kind.has(each)
        ),
        None,
    )


def _is_integer(value: Any, least: int) -> bool:
    return type(value) is int and value >= least


def _is_number(value: Any, least: float) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value >= least


def _integer(least: int) -> Kind:
    return Kind(f"an integer of at least {least}", lambda value: _is_integer(value, least))


def _seconds(least: float) -> Kind:
    return Kind(f"a number of seconds of at least {least}", lambda value: _is_number(value, least))


def _or_none(kind: Kind) -> Kind:
    return Kind(f"{kind.words} or None", lambda value: value is None or kind.has(value))


def _is_by_name(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for name in value)


def _is_two_texts(value: object) -> bool:
    return (
        isinstance(value, (tuple, list)) and len(value) == 2 and all(isinstance(text, str) for text in value)
    )


_FLAG = Kind("True or False", lambda value: type(value) is bool)

_KINDS = {
    "limit": _or_none(_integer(1)),
    "limit_bytes": _or_none(_integer(1)),
    "keep": _or_none(_integer(0)),
    "sharded": _FLAG,
    "lease": _seconds(0.001),  # Redis counts in milliseconds
    "interval": _seconds(0),
    "cancel_updates": _FLAG,
    "buffer_events": _integer(0),
    "buffer_bytes": _integer(0),
    "output_bytes": _integer(0),
    "labels_of": _or_none(Kind("a function", callable)),
    "weights": Kind("a mapping of tasks' names to integers", _is_by_name),
    "public_errors": Kind("a mapping of exceptions' names to codes and messages", _is_by_name),
}

#: Of options that are mappings: what a member is called, and what it has to be.
_MEMBERS = {
    "weights": (
        "weight",
        Kind(
            f"an integer from 0 to {MAX_WEIGHT}", lambda value: _is_integer(value, 0) and value <= MAX_WEIGHT
        ),
    ),
    "public_errors": ("public error", Kind("a code and a message, two texts", _is_two_texts)),
}
