"""Somebody with a feed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .owner import Owner

if TYPE_CHECKING:
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals


@pytest.fixture
def owner(served: Gateway, journals: Journals) -> Owner:
    return Owner(served, journals)
