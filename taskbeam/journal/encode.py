"""JSON for clients: what a browser can parse, whatever a task returns."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID


def to_json(value: object) -> str:
    """Encode compactly, as RFC 8259 has it: dates as ISO 8601, Decimal and UUID as strings, NaN as null.

    Raises `TypeError` for what has no plain JSON form; its repr is never sent.
    """
    try:
        text = _dumps(value)
    except ValueError:
        text = _dumps(_finite(value))
    # A lone surrogate (`os.fsdecode` makes them) is no UTF-8; Python's escape of it is also JSON's.
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: object) -> Any:
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_finite(item) for item in value]
    return value


# One encoder for all calls: `json.dumps` with options would make one each time.
_dumps = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain).encode
