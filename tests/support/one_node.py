"""A Redis Cluster of one server, which has all slots: it refuses what spans slots, as a larger one does."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import redis

from stack.ports import kept_port
from stack.valkey import Valkey

from .waiting import START_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLOTS = 16384


@contextmanager
def one_node(directory: Path) -> Iterator[Valkey]:
    """Run it until the block ends; ``directory`` takes its file about the cluster."""
    options = ["--cluster-enabled", "yes", "--cluster-config-file", str(directory / "nodes.conf")]
    with kept_port() as bus, Valkey(None, None, *options, "--cluster-port", str(bus)) as node:
        with redis.Redis.from_url(node.url()) as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS - 1)
            node.process.wait_until(lambda: _is_up(client), timeout=START_TIMEOUT)
        yield node


def _is_up(client: redis.Redis) -> bool:
    return bool(client.cluster("INFO")["cluster_state"] == "ok")
