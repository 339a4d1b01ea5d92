"""Sharded channels are heard wherever their slots are: while those move, and while masters die."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
import redis

from taskbeam.celery.cluster_connections import ClusterConnections
from taskbeam.cluster.sharded_channels import Heard, ShardedChannels
from taskbeam.cluster.slot_map import Address, slot_of
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.redis_cluster import Cluster, ClusterNode


class Listener:
    """Turns the channels, and keeps what is heard."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        nodes = [Address("127.0.0.1", node.port) for node in cluster.nodes]
        connections = ClusterConnections(nodes, {})
        self.channels = ShardedChannels(connections.topology, connections.subscriptions)
        self.heard = Heard()

    def listen(self, *channels: bytes) -> None:
        """Return when all are listened to."""
        self.heard.begun.clear()
        for channel in channels:
            self.channels.want(channel)
        wait_until(lambda: self.has_begun(*channels), lambda: str(self.channels.wanted))

    def has_begun(self, *channels: bytes) -> bool:
        """Whether listening has begun, since `begun` was cleared."""
        self.turn()
        return set(channels) <= set(self.heard.begun)

    def until_alive(self) -> None:
        """Return when each server has sent something since it was asked for a sign of life."""
        wait_until(lambda: self.has_begun() and not self.channels._silent)

    def turn(self) -> None:
        self.channels.settle()
        self.channels.read(self.heard)

    def publish(self, channel: bytes, message: bytes) -> None:
        """As the master of the slot does."""
        owner = self.cluster.owner(channel)
        with redis.Redis(port=owner.port) as server:
            server.execute_command("SPUBLISH", channel, message)

    def until_heard(self, *messages: bytes) -> None:
        def has_heard() -> bool:
            self.turn()
            return set(messages) <= set(self.heard.messages)

        wait_until(has_heard, lambda: str(self.heard.messages))


@pytest.fixture
def listener(cluster: Cluster) -> Iterator[Listener]:
    made = Listener(cluster)
    yield made
    made.channels.close()


def channel_at(master: ClusterNode, cluster: Cluster) -> bytes:
    """One whose slot the master has."""
    names = (f"results-{uuid4()}".encode() for _ in range(10_000))
    return next(name for name in names if cluster.owner(name) is master)


def listeners_at(node: ClusterNode, channel: bytes) -> int:
    [_, count] = node.client.execute_command("PUBSUB", "SHARDNUMSUB", channel)
    return int(count)


def test_channels_of_all_masters_are_heard(cluster: Cluster, listener: Listener) -> None:
    channels = [channel_at(master, cluster) for master in cluster.masters]
    listener.listen(*channels)
    for channel in channels:
        listener.publish(channel, b"of " + channel)
    listener.until_heard(*(b"of " + channel for channel in channels))


def test_what_is_released_is_heard_no_longer(cluster: Cluster, listener: Listener) -> None:
    [master, *_] = cluster.masters
    released, kept = channel_at(master, cluster), channel_at(master, cluster)
    listener.listen(released, kept)
    listener.channels.release(released)
    wait_until(lambda: listeners_at(master, released) == 0)
    assert listeners_at(master, kept) == 1
    assert listener.channels.wanted == [kept]


def test_what_comes_where_nothing_is_listened_to_any_more_is_read(
    cluster: Cluster, listener: Listener
) -> None:
    """A server's sign of life, behind the answer to the last release."""
    channel = channel_at(cluster.masters[0], cluster)
    listener.listen(channel)
    listener.channels.release(channel)
    listener.channels.look_after()
    reading = threading.Thread(target=listener.until_alive, daemon=True)
    reading.start()
    reading.join(DEADLINE)
    assert not reading.is_alive()


def test_what_is_wanted_again_before_its_release_is_answered_is_heard(
    cluster: Cluster, listener: Listener
) -> None:
    channel = channel_at(cluster.masters[0], cluster)
    listener.listen(channel)
    listener.channels.release(channel)
    listener.listen(channel)
    wait_until(lambda: listener.has_begun(channel) and listeners_at(cluster.masters[0], channel) == 1)
    listener.publish(channel, b"again")
    listener.until_heard(b"again")


def test_it_follows_a_slot_that_moves(cluster: Cluster, listener: Listener) -> None:
    source, target, _ = cluster.masters
    moving, staying = channel_at(source, cluster), channel_at(source, cluster)
    listener.listen(moving, staying)
    listener.heard.begun.clear()
    cluster.move(slot_of(moving), target)
    try:
        wait_until(lambda: listener.has_begun(moving))
        assert listener.heard.begun == [moving]
        for channel in (moving, staying):
            listener.publish(channel, channel)
        listener.until_heard(moving, staying)
    finally:
        cluster.move(slot_of(moving), source)


def test_whoever_comes_where_the_map_is_old_is_sent_on(cluster: Cluster, listener: Listener) -> None:
    source, target, _ = cluster.masters
    listener.listen(channel_at(source, cluster))  # reads the map
    moved = channel_at(source, cluster)
    cluster.move(slot_of(moved), target)
    try:
        listener.listen(moved)
        listener.publish(moved, b"there")
        listener.until_heard(b"there")
    finally:
        cluster.move(slot_of(moved), source)


def test_it_follows_a_master_that_is_replaced_and_says_so(
    mortal: Cluster, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    dying, other, _ = mortal.masters
    lost, kept = channel_at(dying, mortal), channel_at(other, mortal)
    listener.listen(lost, kept)
    listener.heard.begun.clear()
    dying.server.kill()
    wait_until(lambda: listener.has_begun() and bool(caplog.messages), lambda: "a warning")
    # The others are heard meanwhile, and whoever comes is.
    late = channel_at(other, mortal)
    listener.listen(late)
    for channel in (kept, late):
        listener.publish(channel, channel)
    listener.until_heard(kept, late)
    mortal.replica_of(dying).take_over()
    wait_until(lambda: listener.has_begun(lost), lambda: str(listener.heard.begun))
    listener.publish(lost, b"from the new one")
    listener.until_heard(b"from the new one")
    assert [each.split(";")[0] for each in caplog.messages] == [
        f"Cannot hear results at 127.0.0.1:{dying.port}",
        "All results are heard again",
    ]


def test_it_leaves_a_master_that_vanishes_without_a_word(mortal: Cluster, listener: Listener) -> None:
    [hanging, *_] = mortal.masters
    channel = channel_at(hanging, mortal)
    listener.listen(channel)
    listener.channels.look_after()
    listener.until_alive()
    hanging.server.pause()
    try:
        mortal.replica_of(hanging).take_over()
        listener.heard.begun.clear()
        for _ in range(2):  # asks, and has no answer
            listener.channels.look_after()
        wait_until(lambda: listener.has_begun(channel), lambda: str(listener.heard))
        mortal.replica_of(hanging).client.execute_command("SPUBLISH", channel, b"from the new one")
        listener.until_heard(b"from the new one")
    finally:
        hanging.server.resume()


def test_a_connection_that_was_closed_is_opened_again_without_a_word(
    cluster: Cluster, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """As Redis closes those that are idle."""
    channel = channel_at(cluster.masters[0], cluster)
    listener.listen(channel)
    listener.heard.begun.clear()
    cluster.masters[0].client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    wait_until(lambda: listener.has_begun(channel))
    assert caplog.messages == []


def test_nobody_waits_for_long_where_no_server_answers(mortal: Cluster, listener: Listener) -> None:
    for node in mortal.nodes:
        node.server.kill()
    listener.channels.want(b"results")
    began = time.monotonic()
    listener.turn()
    assert time.monotonic() - began < DEADLINE
    assert listener.channels.pause is not None
    listener.channels.release(b"results")
    assert listener.channels.pause is None
