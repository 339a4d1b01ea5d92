"""A stage per module: its server is its own, so no row meets what another left behind."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import Gateway, gateway

from .stage import Stage, staged

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    # The stage before had the same tasks: an application that is still there would be one too many.
    gc.collect()
    with staged() as made:
        yield made


@pytest.fixture(scope="module")
def served(stage: Stage) -> Iterator[Gateway]:
    with gateway(stage.valkey.url().rsplit("/", 1)[0]) as running:
        yield running
