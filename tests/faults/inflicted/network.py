"""The lines from gateways and workers to Redis: cut, slow, dead, and open again."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import cycle
from typing import TYPE_CHECKING

from tests.faults.fault import Fault, repeatedly
from tests.support.relay import BLACK_HOLE, CALM, RESET_AT_ONCE, Weather

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.clients.audience import Audience
    from tests.faults.fault import Inflict
    from tests.faults.stage import Stage

#: Bytes of answers after which a connection is cut: within and between the replies to redis-py's greeting.
_CUTS = (1, 5, 30, 90, 180, 260, 400, 1000, 3000)


def weather(bad: Weather) -> Inflict:
    """On both lines."""

    @contextmanager
    def inflict(stage: Stage, _: Audience) -> Iterator[None]:
        for line in (stage.servers.gateways_line, stage.servers.workers_line):
            line.weather = bad
        yield
        for line in (stage.servers.gateways_line, stage.servers.workers_line):
            line.weather = CALM

    return inflict


@contextmanager
def resets(stage: Stage, _: Audience) -> Iterator[None]:
    """Each connection is reset, at once or while it shakes hands."""
    kinds = cycle((RESET_AT_ONCE, *(Weather(cut_at=count, reset=True) for count in _CUTS)))
    yield from _changing(stage, kinds)


@contextmanager
def truncations(stage: Stage, _: Audience) -> Iterator[None]:
    """Each connection ends within an answer."""
    yield from _changing(stage, cycle(Weather(cut_at=count) for count in _CUTS))


@contextmanager
def flaps(stage: Stage, _: Audience) -> Iterator[None]:
    """All connections are cut, and may connect again at once."""

    def cut() -> None:
        stage.servers.gateways_line.cut()
        stage.servers.workers_line.cut()

    with repeatedly(cut, every=0.2):
        yield


def _changing(stage: Stage, kinds: Iterator[Weather]) -> Iterator[None]:
    def change() -> None:
        stage.servers.gateways_line.weather = stage.servers.workers_line.weather = next(kinds)

    with repeatedly(change, every=0.1):
        yield
    stage.servers.gateways_line.weather = stage.servers.workers_line.weather = CALM


FAULTS = (
    Fault(
        name="reset while shaking hands",
        what="Redis resets each connection: as soon as it is there, or within its first answers",
        inflict=resets,
        lasts=5.0,
    ),
    Fault(
        name="truncated answers",
        what="each connection to Redis ends within an answer",
        inflict=truncations,
        lasts=5.0,
    ),
    Fault(
        name="flapping",
        what="each connection to Redis is cut every 0.2 s",
        inflict=flaps,
    ),
    Fault(
        name="black hole",
        what="nothing passes to or from Redis, and connections stay open",
        inflict=weather(BLACK_HOLE),
        lasts=8.0,
    ),
    Fault(
        name="two seconds of latency",
        what="each piece takes two seconds to Redis, and two seconds back",
        inflict=weather(Weather(delay=2.0)),
        lasts=8.0,
    ),
    Fault(
        name="1 KB/s from Redis",
        what="a line that is nearly dead",
        inflict=weather(Weather(rate=1024)),
        lasts=8.0,
    ),
)
