"""The broker, without which nothing new begins; what runs goes on."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.clients.audience import Audience
    from tests.faults.stage import Stage


@contextmanager
def killed(stage: Stage, _: Audience) -> Iterator[None]:
    stage.servers.broker.kill()
    yield
    stage.servers.broker.start()


@contextmanager
def frozen(stage: Stage, _: Audience) -> Iterator[None]:
    stage.servers.broker.pause()
    yield
    stage.servers.broker.resume()


FAULTS = (
    Fault(
        name="broker away",
        what="the broker dies, and starts again empty",
        inflict=killed,
    ),
    Fault(
        name="broker SIGSTOP",
        what="the broker is paused: connections stay open, nothing answers",
        inflict=frozen,
        lasts=6.0,
    ),
)
