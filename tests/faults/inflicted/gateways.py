"""Gateways die, freeze and restart; clients go to the other one."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.faults.fault import Fault, repeatedly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.clients.audience import Audience
    from tests.faults.stage import Stage


@contextmanager
def killed(stage: Stage, _: Audience) -> Iterator[None]:
    """One after the other; each comes back."""
    for post in stage.gateways:
        post.kill()
        post.start()
    yield


@contextmanager
def rolling_restart(stage: Stage, _: Audience) -> Iterator[None]:
    """As a deploy does it."""
    for post in stage.gateways:
        post.stop()
        post.start()
    yield


@contextmanager
def frozen(stage: Stage, _: Audience) -> Iterator[None]:
    process = stage.gateways[0].process
    process.send_signal(signal.SIGSTOP)
    yield
    process.send_signal(signal.SIGCONT)


@contextmanager
def hops(_: Stage, audience: Audience) -> Iterator[None]:
    """Each time a client has a gateway of its choice."""
    with repeatedly(lambda: audience.leave(0.5, 0.2), every=0.5):
        yield


FAULTS = (
    Fault(
        name="gateway SIGKILL",
        what="each gateway dies, one after the other",
        inflict=killed,
    ),
    Fault(
        name="rolling restart",
        what="each gateway is stopped by SIGTERM and started again",
        inflict=rolling_restart,
    ),
    Fault(
        name="gateway SIGSTOP",
        what="a gateway is paused; whoever asks it waits, or asks the other one",
        inflict=frozen,
        lasts=5.0,
    ),
    Fault(
        name="hop",
        what="clients go from one gateway to the other all the time",
        inflict=hops,
    ),
)
