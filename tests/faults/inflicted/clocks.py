"""Clocks that jump: those of the workers, of the gateways, and of Redis."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.faults.fault import Fault
from tests.faults.plan import Plan
from tests.support import fake_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.clients.audience import Audience
    from tests.faults.plan import Clocks
    from tests.faults.stage import Stage


@contextmanager
def jumps(stage: Stage, _: Audience) -> Iterator[None]:
    """An hour forward, and then to an hour behind."""
    stage.set_clock(+3600)
    yield
    stage.set_clock(-3600)


def _row(name: str, whose: Clocks) -> Fault:
    return Fault(
        name=f"{name} jumps",
        what=f"{name} jumps an hour forward, and then two hours back",
        inflict=jumps,
        plan=Plan(clock=whose),
        lasts=5.0,
        lacking=fake_clock.lacking,
    )


FAULTS = (
    _row("the workers' clock", "workers"),
    _row("the gateways' clock", "gateways"),
    _row("Redis' clock", "results"),
)
