"""What a load takes, worked out from what one connection, event, update and return cost. Pure.

The model has two parts that are not proportional:

- A gateway process that hears an event pays for hearing it, once, and then for each of its followers
  there. So many followers of one task are cheap.
- The more processes there are, the more of them hear the same event. Of ``n`` processes, over which ``f``
  followers are spread by chance, ``n × (1 − (1 − 1/n)^f)`` have at least one.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple, Self

#: Part of a core, and of the connections that a process may have, that is planned with.
UTILISATION = 0.7
#: Connections that one process takes (TASKBEAM_MAX_CONNECTIONS).
MOST_CONNECTIONS = 20_000


class Costs(NamedTuple):
    """What one of each costs: CPU in µs, memory in KiB.

    Args:
        heard: of the gateway, for an event that a process hears, whoever follows.
        delivered: of the gateway, for an event and one of its followers.
        idle: of the gateway, for a connection and second.
        connection: memory of the gateway for a connection.
        returned: of the gateway, for a client that comes back and is told what it missed.
        published: of Redis, for an event.
        updated: of the worker, for an event.
    """

    heard: float
    delivered: float
    idle: float
    connection: float
    returned: float
    published: float
    updated: float

    def worst(self, other: Self) -> Costs:
        """The larger of each."""
        return Costs(*map(max, self, other))


class Load(NamedTuple):
    """What comes in a second.

    Args:
        connections: those that are open.
        events: of all tasks together, in a second.
        followers: those of the task that an event is of, on the average.
    """

    connections: int
    events: float
    followers: float


class Usage(NamedTuple):
    """What that takes: CPU in cores, memory in bytes."""

    gateways: float
    redis: float
    workers: float
    memory: float


class Size(NamedTuple):
    """How many processes of gateways, and masters of Redis; and seconds until all are back that one had."""

    gateways: int
    masters: int
    back: float


def costs_of_an_event(alone: float, shared: float) -> tuple[float, float]:
    """What hearing costs, and what a follower costs.

    Args:
        alone: of an event with one follower, per delivery.
        shared: of an event with very many followers, per delivery.

    Returns:
        The two costs, in the same unit.
    """
    return max(alone - shared, 0.0), shared


def hearers(followers: float, processes: int) -> float:
    """How many of the processes have a follower of the same task, on the average."""
    return float(processes * (1 - (1 - 1 / processes) ** followers))


def usage(costs: Costs, load: Load, processes: int = 1) -> Usage:
    """What the load takes of all gateway processes together, of Redis, and of the workers."""
    each = costs.heard * hearers(load.followers, processes) + costs.delivered * load.followers
    return Usage(
        gateways=(load.events * each + load.connections * costs.idle) / 1e6,
        redis=load.events * costs.published / 1e6,
        workers=load.events * costs.updated / 1e6,
        memory=load.connections * costs.connection * 1024,
    )


def size(costs: Costs, load: Load) -> Size:
    """How many processes and masters bear the load, none of them used beyond `UTILISATION`."""
    processes = max(1, ceil(load.connections / (MOST_CONNECTIONS * UTILISATION)))
    while usage(costs, load, processes).gateways > processes * UTILISATION:
        processes += 1
    # They are served with what the others have left.
    had, others = load.connections / processes, max(processes - 1, 1)
    left = others * (1 - usage(costs, load, processes).gateways / processes)
    return Size(
        gateways=processes,
        masters=max(1, ceil(load.events * costs.published / 1e6 / UTILISATION)),
        back=had * costs.returned / 1e6 / left,
    )
