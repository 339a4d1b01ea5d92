"""What every request needs is had without a detour."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import get_args

import pytest

from taskbeam.gateway.dependencies import CallerDep, RuntimeDep


@pytest.mark.parametrize("needed", [RuntimeDep, CallerDep])
def test_a_route_is_given_the_gateway_without_a_thread(needed: object) -> None:
    _, depends = get_args(needed)
    assert iscoroutinefunction(depends.dependency)
