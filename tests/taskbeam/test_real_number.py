"""Any real number as one that JSON has."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from taskbeam.celery.real_number import plain_number


class Int64:
    """As numpy's: neither an int nor JSON."""

    def __index__(self) -> int:
        return 3


class Float32:
    def __init__(self, value: float) -> None:
        self._value = value

    def __float__(self) -> float:
        return self._value


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3),
        (2.5, 2.5),
        (True, 1),
        (-7, -7),
        (Int64(), 3),
        (Float32(0.5), 0.5),
        (Fraction(1, 4), 0.25),
        (Decimal("1.5"), 1.5),
        (2**70, float(2**70)),
    ],
)
def test_a_real_number_of_whatever_library_is_one(value: object, number: float) -> None:
    found = plain_number(value)
    assert found == number
    assert type(found) in (int, float)


class Broken:
    def __float__(self) -> float:
        raise RuntimeError("somebody else's fault")


@pytest.mark.parametrize(
    "value",
    [
        None,
        "3",
        b"3",
        1j,
        [],
        float("nan"),
        float("inf"),
        -float("inf"),
        Float32(float("nan")),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        pytest.param(10**5000, id="an integer of 5,001 digits"),
        Broken(),
        object(),
    ],
)
def test_what_is_no_finite_number_is_none(value: object) -> None:
    assert plain_number(value) is None
