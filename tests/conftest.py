"""Servers for the tests: each is real, on a free port, and ended by whoever started it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from stack.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

# A slow machine is not a failure, and a failure is found again from the printed example.
settings.register_profile("taskbeam", deadline=None, print_blob=True)
settings.load_profile("taskbeam")


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server
