"""What an option cannot be is refused where the application is configured."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from celery.exceptions import ImproperlyConfigured

from taskbeam.celery.options import Options

#: Option → values that it may have, and values that it may not.
VALUES: dict[str, tuple[list[Any], list[Any]]] = {
    **dict.fromkeys(("limit", "limit_bytes"), ([None, 1], [0, -1, 2.5, "7", True])),
    "keep": ([None, 0], [-1, 2.5, "7", True]),
    **dict.fromkeys(("buffer_events", "buffer_bytes", "output_bytes"), ([0, 7], [None, -1, 2.5, "7", True])),
    **dict.fromkeys(("sharded", "cancel_updates"), ([True, False], [None, 1, "false"])),
    "lease": ([1, 0.5], [None, 0, -1, "10", True, float("nan"), float("inf")]),
    "interval": ([0, 0.1], [None, -1, "0.1", True, float("nan"), float("inf")]),
    "labels_of": ([None, dict], ["module.function", {}]),
    "weights": (
        [{}, {"a": 0, "b": 1000}],
        [None, ["a"], {1: 1}, *({"a": weight} for weight in (-1, 1001, 1.5, "5", None, True))],
    ),
    "public_errors": (
        [{"KeyError": ("missing", "No such key.")}, {"KeyError": ["missing", "No such key."]}],
        [None, ["KeyError"], {KeyError: ("missing", "No such key.")}]
        + [{"KeyError": told} for told in ("No such key.", "ab", ("missing",), ("missing", 7), None)],
    ),
}


def test_there_are_values_of_each() -> None:
    assert set(VALUES) == {option.name for option in fields(Options)}


@pytest.mark.parametrize("option", VALUES)
def test_each_is_checked(option: str) -> None:
    good, bad = VALUES[option]
    for value in good:
        assert getattr(Options.of({option: value}), option) is value
    for value in bad:
        with pytest.raises(
            ImproperlyConfigured, match=rf"^taskbeam_options: (the .* of .*|{option}) must be "
        ):
            pytest.fail(f"taken: {Options.of({option: value})}")


def test_one_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="taskbeam_options has no 1, limits"):
        Options.of({"limits": 1, 1: 2})  # type: ignore[dict-item]
