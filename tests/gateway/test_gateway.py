"""What every request needs is had without a detour."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import get_args

from taskbeam.gateway.gateway import GatewayDep


def test_a_route_is_given_the_gateway_without_a_thread() -> None:
    _, depends = get_args(GatewayDep)
    assert iscoroutinefunction(depends.dependency)
