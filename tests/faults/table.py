"""All faults: name → how each is inflicted and undone, and what a client may notice of it."""

from __future__ import annotations

from .inflicted import (
    audience,
    broker,
    clocks,
    database,
    failovers,
    gateways,
    network,
    results,
    workers,
)

FAULTS = {
    fault.name: fault
    for part in (audience, workers, gateways, results, failovers, network, clocks, broker, database)
    for fault in part.FAULTS
}
