"""Any real number as one that JSON has: what a task reports may come from numpy, decimal or fractions."""

from __future__ import annotations

import operator
from math import isfinite

#: Integers beyond this are told as floats: Python refuses to write very long ones in decimal.
_LARGEST = 2**64


def plain_number(value: object) -> int | float | None:
    """Return the value as an int or a finite float; None for what is no number, infinite, or no number (NaN).

    Whatever has `__index__` is an integer, whatever has `__float__` a float; text is no number.
    """
    if type(value) is int and -_LARGEST < value < _LARGEST:
        return value
    try:
        integer = operator.index(value)  # type: ignore[arg-type] # what is none raises
    except Exception:
        pass
    else:
        if -_LARGEST < integer < _LARGEST:
            return integer
    convert = getattr(type(value), "__float__", None)
    if convert is None:
        return None
    try:
        number = float(convert(value))
    except Exception:  # an int too large for a float, or a class of anybody's
        return None
    return number if isfinite(number) else None
