"""Where clients come from: strangers from few networks, honest ones each from its own."""

from __future__ import annotations

from itertools import count, cycle, islice
from typing import TYPE_CHECKING, NamedTuple

from ..namespace import NETWORK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: Spreads numbers over 64 bits; odd, so that each comes once.
_SPREAD = 0x9E3779B97F4A7C15

_SUBNETS = [str(network).removesuffix("::/64") for network in islice(NETWORK.subnets(new_prefix=64), 1, 2000)]


class Origin(NamedTuple):
    """``strangers`` and ``honest`` are the addresses that one after the other connects from, to ``host``."""

    strangers: Callable[[], Iterator[str]]
    honest: Callable[[], Iterator[str]]
    host: str


def _of_one_network() -> Iterator[str]:
    """Of the first /64, another address each time."""
    return (str(NETWORK[number * _SPREAD % 2**64]) for number in count(1))


ORIGINS: Mapping[str, Origin] = {
    "ten addresses": Origin(
        strangers=lambda: cycle([f"127.0.0.{number}" for number in range(2, 12)]),
        honest=lambda: (f"127.1.{number // 250}.{number % 250 + 1}" for number in count()),
        host="127.0.0.1",
    ),
    "one IPv6 /64": Origin(
        strangers=_of_one_network,
        honest=lambda: (f"{subnet}::1" for subnet in cycle(_SUBNETS)),
        host="::1",
    ),
}
