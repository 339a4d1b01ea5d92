"""What a Redis Cluster says of itself, and each of its masters."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisClusterException, ResponseError

from taskbeam.cluster.slot_map import SLOTS, Address
from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.cluster import RedisCluster

#: Settings that are asked for, where the cluster lets us.
ASKED = ("save", "cluster-node-timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterFacts:
    """One master.

    - ``replicas``: how many follow it.
    - ``served``: slots that have a master which answers, as this one knows.
    - ``info``: its INFO, parsed; empty if it may not be read.
    - ``configured``: its settings of the names in `ASKED`; what may not be read is not there.
    - ``failure``: why it cannot be asked; '' = it can.
    """

    replicas: int
    served: int = SLOTS
    info: Mapping[str, Any] = field(default_factory=dict)
    configured: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """The masters by their addresses."""

    masters: Mapping[Address, MasterFacts]

    @property
    def served(self) -> int:
        """Slots that have a master which answers. One hears of it before the others, and is believed."""
        return min((each.served for each in self.masters.values()), default=0)


def ask_cluster(client: RedisCluster) -> ClusterFacts:
    """Ask all masters, one after another. Raises redis-py's errors where no server answers."""
    replicas: dict[Address, int] = {}
    slots: Any = client.cluster_slots()
    for servers in slots.values():
        replicas[Address(*servers["primary"][:2])] = len(servers["replicas"])
    return ClusterFacts(
        masters={master: _ask_master(client, master, count) for master, count in sorted(replicas.items())}
    )


def _ask_master(client: RedisCluster, master: Address, replicas: int) -> MasterFacts:
    node: Any = client.get_node(*master)
    info: Any = {}
    served = SLOTS
    configured: dict[str, str] = {}
    try:
        with suppress(ResponseError):  # this user may not ask
            info = client.info(target_nodes=node)
        with suppress(ResponseError):
            served = int(client.cluster_info(target_nodes=node)["cluster_slots_ok"])
        for name in ASKED:
            with suppress(ResponseError):
                answer: Any = client.config_get(name, target_nodes=node)
                configured |= {_text(key): _text(value) for key, value in answer.items()}
    except (RedisClusterException, *REDIS_AWAY) as error:
        return MasterFacts(replicas=replicas, failure=str(error))
    # A server hears of others' replicas by gossip; the master knows its own.
    connected = int(info.get("connected_slaves", replicas))
    return MasterFacts(replicas=connected, served=served, info=info, configured=configured)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
