"""The tables of docs/capacity.md, from the figures of other benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .capacity_model import MOST_CONNECTIONS, UTILISATION, Costs, Load, costs_of_an_event, size, usage
from .capacity_plan import CORES_PER_NODE, Figures, largest
from .capacity_plan import Costs as Measured
from .report import markdown_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What each cost is called, its unit, and the command that measures it.
ROWS: Mapping[str, tuple[str, str, str]] = {
    "heard": ("an event that a gateway process hears", "µs", "delivery_cost"),
    "delivered": ("an event, and one of its followers", "µs", "delivery_cost"),
    "idle": ("a connection, for a second", "µs", "idle_cost"),
    "connection": ("memory of a connection", "KiB", "idle_cost"),
    "returned": ("a client that comes back and replays 10 events", "µs", "reconnect_cost"),
    "published": ("an event, of Redis", "µs", "delivery_cost"),
    "updated": ("an event, of the worker", "µs", "update_cost"),
}

#: Of so many nodes the connections that they are planned for; of each connection an event in ten seconds.
NODES = (1, 10, 100)
EVENTS_OF_A_CONNECTION = 0.1
#: A million connections, and what comes for them.
MILLION, EVENTS, FOLLOWERS = 1_000_000, 100_000, (1, 10, 100)


def costs(figures: Figures, transport: str) -> Costs:
    """Read them from the largest case of each benchmark. Raises `LookupError` when one is missing."""
    measured = Measured.from_figures(figures, transport)
    heard, delivered = costs_of_an_event(measured.event, measured.delivery)
    idle = largest(figures["idle_cost"], {"transport": transport}, "ms/s")
    return Costs(
        heard=heard,
        delivered=delivered,
        idle=idle["value"] * 1e3 / idle["conditions"]["clients"],
        connection=measured.connection,
        returned=measured.reconnect,
        published=measured.redis_event,
        updated=_update(figures["update_cost"]),
    )


def _update(figures: Sequence[Mapping[str, Any]]) -> float:
    """CPU comes before wall time, and a task without an owner before one with."""
    value: float = next(each["value"] for each in figures if each["subject"] == "taskbeam")
    return value


def page(found: Costs) -> str:
    """The tables in Markdown."""
    paid = [("", "costs", "measured by"), *(_cost(name, found) for name in ROWS)]
    headings = ("", "connections", "events/s", "followers", "gateway processes", "nodes")
    rest = ("Redis masters", "cores of workers", "memory of gateways", "all of one process are back after")
    loads = [(f"{nodes} node{'s'[: nodes > 1]}", _of_nodes(nodes)) for nodes in NODES]
    loads += [("a million", Load(MILLION, EVENTS, followers)) for followers in FOLLOWERS]
    sizes = [(*headings, *rest), *(_line(name, found, load) for name, load in loads)]
    return f"{markdown_table(paid)}\n\n{markdown_table(sizes)}"


def _of_nodes(nodes: int) -> Load:
    connections = int(nodes * CORES_PER_NODE * MOST_CONNECTIONS * UTILISATION)
    return Load(connections, connections * EVENTS_OF_A_CONNECTION, 1)


def _cost(name: str, found: Costs) -> tuple[str, str, str]:
    words, unit, benchmark = ROWS[name]
    return words, f"{getattr(found, name):.1f} {unit}", f"`python -m benchmarks.{benchmark}`"


def _line(name: str, found: Costs, load: Load) -> tuple[str, ...]:
    needed = size(found, load)
    used = usage(found, load, needed.gateways)
    return (
        name,
        f"{load.connections:,}",
        f"{load.events:,.0f}",
        f"{load.followers:,}",
        f"{needed.gateways:,}",
        f"{-(-needed.gateways // CORES_PER_NODE):,}",
        f"{needed.masters:,}",
        f"{used.workers:,.1f}",
        f"{used.memory / 2**30:,.1f} GiB",
        f"{needed.back:.1f} s",
    )
