"""JSON for browsers: always what RFC 8259 allows, and never a Python repr."""

from __future__ import annotations

import json
from collections import OrderedDict, namedtuple
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.journal.encode import to_json

#: Lone surrogates too: `os.fsdecode` makes them of file names that are no UTF-8.
texts = st.text(alphabet=st.characters(exclude_categories=()))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)
Point = namedtuple("Point", "x y")


def _refuse_constant(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


class TestEveryBrowserCanParseIt:
    @given(values)
    def test_any_plain_value_becomes_strict_json_in_utf_8(self, value: object) -> None:
        json.loads(to_json(value).encode(), parse_constant=_refuse_constant)

    @given(st.recursive(st.none() | st.booleans() | st.integers() | texts, st.lists))
    def test_what_json_can_say_comes_back_the_same(self, value: object) -> None:
        assert json.loads(to_json(value)) == value

    @pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
    def test_a_number_that_json_lacks_is_null(self, number: float) -> None:
        assert to_json(number) == "null"
        assert to_json({"a": [1.5, number], "b": (number,)}) == '{"a":[1.5,null],"b":[null]}'

    def test_it_is_compact_and_keeps_letters_as_they_are(self) -> None:
        assert to_json({"städte": ["京都", 1]}) == '{"städte":["京都",1]}'


class TestPythonsOwnTypes:
    @pytest.mark.parametrize(
        ("value", "encoded"),
        [
            (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), '"2026-01-02T03:04:05+00:00"'),
            (date(2026, 1, 2), '"2026-01-02"'),
            (time(3, 4, 5), '"03:04:05"'),
            (Decimal("10.50"), '"10.50"'),
            (UUID(int=5), '"00000000-0000-0000-0000-000000000005"'),
            ({"a"}, '["a"]'),
            (frozenset({1}), "[1]"),
            ((1, 2), "[1,2]"),
            (Point(1, 2), "[1,2]"),
            (OrderedDict(a=1), '{"a":1}'),
            ({1: True, None: 2}, '{"1":true,"null":2}'),
        ],
    )
    def test_a_plain_json_form(self, value: object, encoded: str) -> None:
        assert to_json(value) == encoded

    def test_they_keep_their_form_beside_a_nan(self) -> None:
        value = {"at": date(2026, 1, 2), "sum": Decimal("1.10"), "set": {float("nan")}}
        assert to_json(value) == '{"at":"2026-01-02","sum":"1.10","set":[null]}'


class TestNeverARepr:
    @pytest.mark.parametrize(
        "value", [object(), b"bytes", 1j, ValueError("planted-secret"), print, {(1,): 2}]
    )
    def test_what_has_no_json_form_is_a_type_error(self, value: object) -> None:
        for nested in (value, [value], {"a": value}, [float("nan"), value]):
            with pytest.raises(TypeError) as caught:
                to_json(nested)
            assert "planted-secret" not in str(caught.value)
