"""The package is built and installed once, and has a Redis of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from stack.valkey import Valkey
from tests.support.results import results_at

from .installing import built, installed
from .serving import working

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .installing import Environment


@pytest.fixture(scope="package")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="package")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return installed(wheel, tmp_path_factory.mktemp("team"))


@pytest.fixture(scope="package")
def variables() -> Iterator[dict[str, str]]:
    """Where the shop's Celery application finds Redis."""
    with Valkey() as server:
        yield {"SHOP_BROKER": server.url(0), "SHOP_RESULTS": "taskbeam+" + results_at(server.url(1))}


@pytest.fixture(scope="package")
def worker(environment: Environment, variables: dict[str, str]) -> Iterator[None]:
    with working(environment, variables):
        yield
