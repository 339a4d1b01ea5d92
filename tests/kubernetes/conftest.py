"""Helm, for the modules of this folder."""

from __future__ import annotations

import pytest

from tests.support.helm import Helm, lacking


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    if why := lacking():
        pytest.skip(why)  # and test_resources.py says it at the end of the run
    return Helm(tmp_path_factory.mktemp("helm"))
