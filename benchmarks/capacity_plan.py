"""The capacity plan: what cores carry, worked out from what was measured, with the arithmetic shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple, Self

#: Part of a core that is planned with; the rest is for what comes at once.
UTILISATION = 0.7
#: A gateway process per core; a node has so many of them.
CORES_PER_NODE = 4
NODES = 10

#: Of each benchmark by its name, as `Report.write_json` keeps them.
Figures = Mapping[str, Sequence[Mapping[str, Any]]]


class Costs(NamedTuple):
    """What one of each costs: CPU in µs, memory in KiB."""

    delivery: float
    event: float
    redis_event: float
    reconnect: float
    connection: float

    @classmethod
    def from_figures(cls, figures: Figures, transport: str) -> Self:
        """Read them from the largest case of each benchmark. Raises `LookupError` when one is missing."""
        delivered = figures["delivery_cost"]
        shared = largest(delivered, {"tasks": 1, "transport": transport})
        own = largest(
            [figure for figure in delivered if figure["conditions"].get("rate")], {"transport": transport}
        )
        return cls(
            delivery=shared["value"],
            event=own["value"],
            redis_event=own["redis"],
            reconnect=largest(figures["reconnect_cost"], {"transport": transport}, "µs/client")["value"],
            connection=largest(figures["idle_cost"], {"transport": transport}, "KiB")["value"],
        )


def largest(
    figures: Sequence[Mapping[str, Any]], among: Mapping[str, object], unit: str = "µs/delivery"
) -> Mapping[str, Any]:
    """Our figure for the most clients, and, of several, for the most tasks at the highest rate."""
    ours = [
        figure
        for figure in figures
        if figure["subject"] == "taskbeam" and figure["unit"] == unit
        if among.items() <= figure["conditions"].items()
    ]
    if not ours:
        raise LookupError(f"no figure in {unit} with {dict(among)}")
    sizes = ("clients", "tasks", "rate")
    return max(ours, key=lambda figure: [figure["conditions"].get(size, 0) for size in sizes])


def per_core(cost: float) -> float:
    """How many a second one core carries, where one costs so many µs."""
    return UTILISATION * 1e6 / cost


def plan(costs: Costs) -> str:
    """The plan as a table in Markdown, and what of it Redis allows."""
    node, cluster = CORES_PER_NODE, CORES_PER_NODE * NODES
    spent = {
        "deliveries/s of tasks that many follow": costs.delivery,
        "events/s of tasks that one client follows": costs.event,
        "reconnects/s with replay": costs.reconnect,
    }
    rows = [
        f"| {what} | {cost:.1f} µs | {UTILISATION:g} s ÷ {cost:.1f} µs = {per_core(cost):,.0f} "
        f"| {node * per_core(cost):,.0f} | {cluster * per_core(cost):,.0f} |"
        for what, cost in spent.items()
    ]
    connections = 2**20 / costs.connection
    rows.append(
        f"| idle connections per GiB | {costs.connection:.1f} KiB "
        f"| 1 GiB ÷ {costs.connection:.1f} KiB = {connections:,.0f} | the same | the same |"
    )
    headings = f"| | one costs | one core | a node of {CORES_PER_NODE} cores | {NODES} nodes |"
    table = "\n".join((headings, "| --- | --- | --- | --- | --- |", *rows))
    return f"{table}\n\n{_redis(costs)}"


def _redis(costs: Costs) -> str:
    one, all_nodes = per_core(costs.redis_event), NODES * CORES_PER_NODE * per_core(costs.event)
    return (
        f"One Redis spends {costs.redis_event:.1f} µs of its only core on an event, whoever follows: "
        f"{UTILISATION:g} s ÷ {costs.redis_event:.1f} µs = {one:,.0f} events/s. "
        f"The {all_nodes:,.0f} events/s that {NODES} nodes could pass on to a client each are "
        f"{all_nodes:,.0f} ÷ {one:,.0f} → {ceil(all_nodes / one)} shards of a Redis Cluster with "
        "sharded pub/sub."
    )
