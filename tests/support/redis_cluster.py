"""A real Redis Cluster on loopback: three masters, each with a replica."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import redis
from redis.crc import key_slot

from stack.ports import LOOPBACK, kept_port
from stack.valkey import Valkey
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.keys import TaskKeys

from .waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOTS = 16384
MASTERS = 3

#: Milliseconds without an answer after which a server counts as failed; a cluster's own are 15,000. Whoever
#: stands still on a busy machine keeps its place: a replica takes it where a test says so.
NODE_TIMEOUT = 3600 * 1000


class ClusterNode:
    """One server of the cluster, and a client of it alone."""

    def __init__(self, server: Valkey) -> None:
        self.server = server
        self.client = redis.Redis(LOOPBACK, server.port, socket_timeout=60)

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def id(self) -> str:
        """Its name in the cluster."""
        name: bytes = self.ask("MYID")
        return name.decode()

    def ask(self, *command: Any) -> Any:
        """A CLUSTER command to this server; the answer as it comes."""
        return self.client.execute_command("CLUSTER", *command)

    def hand_over(self, to: ClusterNode, *keys: str | bytes) -> None:
        """Move keys of a slot that is moving."""
        self.client.execute_command("MIGRATE", LOOPBACK, to.port, "", 0, 60000, "KEYS", *keys)

    def is_master(self) -> bool:
        """What it says of itself."""
        return bool(self.client.info("replication")["role"] == "master")

    def take_over(self) -> None:
        """Become the master in place of the one that it follows, though nobody has noticed its death."""
        self.ask("FAILOVER", "TAKEOVER")
        wait_until(self.is_master, lambda: "a promoted replica")

    def owners(self) -> frozenset[tuple[int, int, int]]:
        """Whose the slots are as far as it knows: the first, the last, and their master's port."""
        return frozenset((first, last, master[1]) for first, last, master, *_ in self.ask("SLOTS"))


class Cluster:
    """Its servers: the masters as they were at first, and their replicas in the same order."""

    def __init__(self, nodes: list[ClusterNode]) -> None:
        self.nodes = nodes
        self.masters, self.replicas = nodes[:MASTERS], nodes[MASTERS:]

    def url(self) -> str:
        """Of Celery's result backend, behind `taskbeam+`."""
        return "rediscluster://" + ",".join(f"{LOOPBACK}:{node.port}" for node in self.nodes)

    def client(self) -> redis.RedisCluster:
        """One that asks whichever server has the key."""
        first = self.nodes[0]
        return redis.RedisCluster(LOOPBACK, first.port)

    def replica_of(self, master: ClusterNode) -> ClusterNode:
        """The one that follows a master at first."""
        return self.replicas[self.masters.index(master)]

    def owner(self, key: str | bytes) -> ClusterNode:
        """The master that has the key's slot now, as a server that runs says."""
        slot = key_slot(key if isinstance(key, bytes) else key.encode())
        for node in self.nodes:
            if node.server.running:
                for first, last, port in node.owners():
                    if first <= slot <= last:
                        return next(each for each in self.nodes if each.port == port)
        raise LookupError(f"slot {slot} has no master")

    def move(self, slot: int, to: ClusterNode) -> None:
        """Move a slot with its keys, as `redis-cli --cluster reshard` does."""
        moving = self.begin_move(slot, to)
        self.end_move(slot, moving, to)

    def begin_move(self, slot: int, to: ClusterNode) -> ClusterNode:
        """The slot is moving, and its keys are where they were. Returns its master."""
        source = self.owner_of_slot(slot)
        to.ask("SETSLOT", slot, "IMPORTING", source.id)
        source.ask("SETSLOT", slot, "MIGRATING", to.id)
        return source

    def end_move(self, slot: int, source: ClusterNode, to: ClusterNode) -> None:
        """Bring the slot's keys over, and say whose the slot is."""
        while keys := source.ask("GETKEYSINSLOT", slot, 100):
            source.hand_over(to, *keys)
        masters = [node for node in self.nodes if node.server.running and node.is_master()]
        # Whoever takes a slot has to know how often others have taken one: of two claims the later one holds,
        # and a server that loses a slot deletes its keys.
        newest = max(_epoch(node, "my") for node in masters)
        wait_until(lambda: _epoch(to, "current") >= newest, lambda: "a server that knows the others")
        for node in (to, source, *masters):
            node.ask("SETSLOT", slot, "NODE", to.id)

    def owner_of_slot(self, slot: int) -> ClusterNode:
        """The master that has the slot now."""
        return self.owner(key_in(slot))

    def until_whole(self) -> None:
        """Return when all servers that run see all slots served, and by whom, and replicas follow masters."""
        running = [node for node in self.nodes if node.server.running]
        wait_until(
            lambda: all(map(_is_whole, running)) and len({node.owners() for node in running}) == 1,
            lambda: "a whole cluster",
        )

    def restore(self) -> None:
        """Start who is gone, and let each server be again what it was at first."""
        for node in self.nodes:
            if not node.server.running:
                node.server.start()
        self.until_whole()
        for master, replica in zip(self.masters, self.replicas, strict=True):
            if not master.is_master():
                master.take_over()
            wait_until(partial(_follows, replica, master), lambda: "a replica")
        self.until_whole()

    def pause(self) -> None:
        """Freeze all of its servers."""
        for node in self.nodes:
            node.server.pause()

    def resume(self) -> None:
        """Return when they serve again."""
        for node in self.nodes:
            node.server.resume()
        self.until_whole()

    def close(self) -> None:
        for node in self.nodes:
            node.client.close()


#: Whether tests that can have their journals on a cluster do: pytest's `--on-cluster`.
_wanted = False


def want_cluster(wanted: bool) -> None:
    global _wanted
    _wanted = wanted


def is_cluster_wanted() -> bool:
    return _wanted


def names_on(client: Any) -> type[TaskKeys]:
    """How tasks are named where the client asks: on one server, or a cluster."""
    return ClusterKeys if isinstance(client, redis.RedisCluster) else TaskKeys


def server_of(client: Any, key: str) -> Any:
    """A client of the server that has a key, of those that the client asks."""
    if not isinstance(client, redis.RedisCluster):
        return client
    return client.get_redis_connection(client.get_node_from_key(key))


@contextmanager
def subscribed(client: Any, channel: str) -> Iterator[Any]:
    """What a server publishes on a channel from here on, wherever that is."""
    with server_of(client, channel).pubsub(ignore_subscribe_messages=True) as pubsub:
        (pubsub.ssubscribe if isinstance(client, redis.RedisCluster) else pubsub.subscribe)(channel)
        pubsub.get_message(ignore_subscribe_messages=False, timeout=60)
        yield pubsub


def one_server(reason: str) -> pytest.MarkDecorator:
    """Of tests that have no meaning, or no place, on a cluster: why."""
    return pytest.mark.skipif("config.getoption('--on-cluster')", reason=reason)


@contextmanager
def wanted_cluster() -> Iterator[Cluster | None]:
    """A cluster of the test's own, where its journals are to be on one."""
    if not _wanted:
        yield None
        return
    with TemporaryDirectory(prefix="cluster-") as folder, redis_cluster(Path(folder)) as cluster:
        yield cluster


@contextmanager
def redis_cluster(directory: Path, node_timeout: int = NODE_TIMEOUT) -> Iterator[Cluster]:
    """A cluster that serves, and in which replicas follow, until the block ends.

    ``node_timeout``: milliseconds after which a master that does not answer is replaced.
    """
    with ExitStack() as held, ThreadPoolExecutor(2 * MASTERS) as threads:
        servers = [
            Valkey(
                None,
                None,
                *("--cluster-enabled", "yes", "--cluster-port", str(held.enter_context(kept_port()))),
                *("--cluster-config-file", "nodes.conf", "--dir", _folder(directory, place)),
                *("--cluster-node-timeout", str(node_timeout), "--repl-diskless-sync-delay", "0"),
            )
            for place in range(2 * MASTERS)
        ]
        for entering in [threads.submit(held.enter_context, server) for server in servers]:
            entering.result()
        cluster = Cluster([ClusterNode(server) for server in servers])
        held.callback(cluster.close)
        _join(cluster)
        yield cluster


def _folder(directory: Path, place: int) -> str:
    """A server's own: a replica keeps there what it gets, and a server begins with what it finds."""
    folder = directory / f"server-{place}"
    folder.mkdir()
    return str(folder)


def _epoch(node: ClusterNode, whose: str) -> int:
    """That of the server's slots (``my``), or the newest that it knows of (``current``)."""
    told: bytes = node.ask("INFO")
    return int(told.partition(f"cluster_{whose}_epoch:".encode())[2].split()[0])


def key_in(slot: int) -> str:
    """A short key of the slot."""
    return next(key for number in range(10**6) if key_slot((key := f"k{number}").encode()) == slot)


def _join(cluster: Cluster) -> None:
    share = SLOTS // MASTERS
    for place, master in enumerate(cluster.masters):
        last = SLOTS if place == MASTERS - 1 else (place + 1) * share
        master.ask("ADDSLOTSRANGE", place * share, last - 1)
        master.ask("SET-CONFIG-EPOCH", place + 1)
    first = cluster.nodes[0]
    bus = first.client.config_get("cluster-port")["cluster-port"]
    for node in cluster.nodes[1:]:
        node.ask("MEET", LOOPBACK, first.port, bus)
    for master, replica in zip(cluster.masters, cluster.replicas, strict=True):
        wait_until(partial(_follows, replica, master), lambda: "a replica")
    cluster.until_whole()


def _follows(replica: ClusterNode, master: ClusterNode) -> bool:
    """Tell it whom to follow; a server that has not heard of the master yet refuses."""
    try:
        replica.ask("REPLICATE", master.id)
    except redis.ResponseError:
        return False
    return True


def _is_whole(node: ClusterNode) -> bool:
    lines = node.ask("INFO").split()
    if b"cluster_state:ok" not in lines or b"cluster_known_nodes:%d" % (2 * MASTERS) not in lines:
        return False
    replication = node.client.info("replication")
    return bool(replication["role"] == "master" or replication["master_link_status"] == "up")
