"""Clients that are slow, frozen, restless, or all there at once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.faults.fault import Fault, repeatedly
from tests.faults.plan import Plan
from tests.faults.stage import LEASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.clients.audience import Audience
    from tests.faults.stage import Stage


@contextmanager
def nothing(_: Stage, __: Audience) -> Iterator[None]:
    yield


@contextmanager
def freezes(_: Stage, audience: Audience) -> Iterator[None]:
    audience.freeze(0.5)
    yield
    audience.thaw()


@contextmanager
def herd(_: Stage, audience: Audience) -> Iterator[None]:
    with repeatedly(audience.cut, every=2.0):
        yield


FAULTS = (
    Fault(
        name="none",
        what="nothing happens, but that a part of the clients goes and comes back",
        inflict=nothing,
    ),
    Fault(
        name="thundering herd",
        what="all clients are cut, and come back at the same moment",
        inflict=herd,
    ),
    Fault(
        name="frozen clients",
        what="half of the clients read nothing",
        inflict=freezes,
        lasts=10.0,
    ),
    Fault(
        name="readers of 1 KB/s",
        what="all clients read 1 KB per second, less than their tasks say",
        inflict=nothing,
        # Of a journal as short as this they are soon behind.
        plan=Plan(conf={"taskbeam_options": {"lease": LEASE, "limit": 50}}),
        lasts=20.0,
        may=frozenset({"gaps"}),
        rate=1024,
    ),
)
