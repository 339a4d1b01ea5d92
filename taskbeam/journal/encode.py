"""JSON for clients: what a browser can parse, whatever a task returns."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from taskbeam.journal.stored import Stored

#: Types of values that an encoder of their own would be made for in vain.
_NAMES_NO_FILE = frozenset({type(None), bool, int, float, str})

#: Ends of a line for Python's `splitlines` and others like it, by which some clients read event streams.
_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\u0085\u2028\u2029"}


def to_json(value: object, files: list[str] | None = None) -> str:
    """Encode compactly, as RFC 8259 has it: dates as ISO 8601, Decimal and UUID as strings, NaN as null.

    What ends a line for some readers is escaped, so that all of it is one line for everybody.

    A file that `stored` marks is its address, and its path is added to ``files``.
    Raises `TypeError` for what has no plain JSON form; its repr is never sent.
    """
    dumps = _dumps if files is None or type(value) in _NAMES_NO_FILE else _encoder(partial(_noting, files))
    try:
        text = dumps(value)
    except ValueError:
        if files is not None:
            files.clear()  # the whole value is encoded anew
        text = dumps(_finite(value))
    if text.isascii():
        return text
    text = text.translate(_LINE_ENDS)
    # A lone surrogate (`os.fsdecode` makes them) is no UTF-8; Python's escape of it is also JSON's.
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: object) -> Any:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, Stored):
        return value.url
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _noting(files: list[str], value: object) -> Any:
    if isinstance(value, Stored):
        files.append(value.path)
    return _plain(value)


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_finite(item) for item in value]
    return value


def _encoder(default: Callable[[object], Any]) -> Callable[[object], str]:
    return json.JSONEncoder(
        separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=default
    ).encode


# One encoder for all that has no files: `json.dumps` with options would make one each time.
_dumps = _encoder(_plain)
