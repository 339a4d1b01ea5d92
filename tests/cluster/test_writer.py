"""A writer on a cluster whose slots move, and whose masters die: each entry is there once, in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError, MovedError, ResponseError, TryAgainError  # noqa: A004

from taskbeam.celery.cluster_connections import ClusterConnections
from taskbeam.cluster import lines as module
from taskbeam.cluster.slot_map import SLOTS, Address
from taskbeam.journal import unanswered
from tests.support import nobody
from tests.support.forking import ended_beside
from tests.support.waiting import wait_until

from .journals import Journals, until_replicated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.redis_cluster import Cluster, ClusterNode

    from .journals import Task


@pytest.fixture
def journals(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journals]:
    """Answers are read when there is no way round it."""
    monkeypatch.setattr(unanswered, "ANSWER_DUE", 3600.0)
    made = Journals(cluster)
    yield made
    made.close()


@pytest.fixture
def other(cluster: Cluster) -> Iterator[Callable[[Task], ClusterNode]]:
    """Another master than the one that has the task's slot. The slot is moved back in the end."""
    moved: list[tuple[int, ClusterNode]] = []

    def another(task: Task) -> ClusterNode:
        owner = task.owner()
        moved.append((task.slot, owner))
        return next(node for node in cluster.masters if node is not owner)

    yield another
    for slot, home in moved:
        if cluster.owner_of_slot(slot) is not home:
            cluster.move(slot, home)


def whenever_it_pauses(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Act once, the first time that a writer waits before it tries again."""
    todo = [act]

    def pause(_: float) -> None:
        if todo:
            todo.pop()()

    monkeypatch.setattr(module, "sleep", pause)


def test_each_task_is_written_where_its_slot_is(cluster: Cluster, journals: Journals) -> None:
    tasks = [journals.task(at) for at in cluster.masters for _ in range(3)]
    for number in range(10):
        for task in tasks:
            task.post(number)
    journals.writer.collect()
    assert [task.said() for task in tasks] == [list(range(10))] * len(tasks)


def test_births_of_many_tasks_are_posted(journals: Journals) -> None:
    """A canvas tells all of its tasks in one round trip."""
    born = [journals.task() for _ in range(5)]
    posted = [journals.writer.post(task.entry(0, state="PENDING", birth=True)) for task in born]
    assert posted == [None] * 5
    journals.writer.collect()
    assert [task.said() for task in born] == [[0]] * 5


@pytest.mark.parametrize("posted", [0, 1, 5])
def test_a_slot_that_has_moved_is_followed(
    cluster: Cluster, journals: Journals, other: Callable[[Task], ClusterNode], posted: int
) -> None:
    task = journals.task()
    task.append(0)
    cluster.move(task.slot, to := other(task))
    task.post(*range(1, posted + 1))
    task.append(posted + 1)
    assert task.owner() is to
    assert task.said() == list(range(posted + 2))
    assert len(task.epochs()) == 1  # nothing can have been lost, so no client is told of a gap


def test_what_was_posted_before_a_move_stands_before_what_comes_after(
    cluster: Cluster, journals: Journals, other: Callable[[Task], ClusterNode]
) -> None:
    """The first entries were written, and their answers not read, when the slot moves there and back."""
    task = journals.task()
    home = task.owner()
    task.append(0)
    task.post(1, 2)
    wait_until(lambda: len(task.said()) == 3)
    cluster.move(task.slot, other(task))
    task.post(3, 4)
    cluster.move(task.slot, home)
    task.post(5)
    journals.writer.collect()
    assert task.said() == [0, 1, 2, 3, 4, 5]


def test_what_was_turned_away_comes_first_though_another_thread_knows_of_the_move(
    cluster: Cluster, journals: Journals, other: Callable[[Task], ClusterNode]
) -> None:
    task = journals.task()
    task.append(0)
    cluster.move(task.slot, other(task))
    task.post(1, 2)
    journals.connections.topology.refresh()
    task.post(3, 4)
    journals.writer.collect()
    assert task.said() == [0, 1, 2, 3, 4]


def test_several_tasks_of_which_one_moves(
    cluster: Cluster, journals: Journals, other: Callable[[Task], ClusterNode]
) -> None:
    at = cluster.masters[0]
    moves, stays = journals.task(at), journals.task(at)
    for number in range(4):
        moves.post(number)
        stays.post(number)
    cluster.move(moves.slot, other(moves))
    for number in range(4, 8):
        moves.post(number)
        stays.post(number)
    journals.writer.collect()
    assert moves.said() == stays.said() == list(range(8))


def test_keys_in_two_halves_are_waited_for(
    cluster: Cluster,
    journals: Journals,
    other: Callable[[Task], ClusterNode],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TRYAGAIN: one key of the task has moved already."""
    task = journals.task()
    task.append(0)
    to = other(task)
    source = cluster.begin_move(task.slot, to)
    source.hand_over(to, task.keys.head)
    with pytest.raises(TryAgainError):
        ask_for_all(source, task)
    whenever_it_pauses(monkeypatch, lambda: cluster.end_move(task.slot, source, to))
    task.post(1, 2)
    task.append(3)
    assert task.said() == [0, 1, 2, 3]


def test_a_task_that_is_new_in_a_moving_slot_is_waited_for(
    cluster: Cluster,
    journals: Journals,
    other: Callable[[Task], ClusterNode],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ASK, and then TRYAGAIN: the new server has none of its keys either."""
    task = journals.task()
    to = other(task)
    source = cluster.begin_move(task.slot, to)
    whenever_it_pauses(monkeypatch, lambda: cluster.end_move(task.slot, source, to))
    task.append(0)
    task.append(1)
    assert task.said() == [0, 1]


def test_a_task_whose_keys_have_moved_is_written_there_before_the_slot_has(
    cluster: Cluster, journals: Journals, other: Callable[[Task], ClusterNode]
) -> None:
    """ASK alone. The server there does not know the script yet, either."""
    task = journals.task()
    task.append(0, meta=b"{}")
    assert task.owner().client.exists(*all_keys(task)) == len(all_keys(task))
    to = other(task)
    source = cluster.begin_move(task.slot, to)
    source.hand_over(to, *all_keys(task))
    to.client.script_flush()
    task.post(1, 2)
    task.append(3)
    cluster.end_move(task.slot, source, to)
    assert task.said() == [0, 1, 2, 3]


def test_whoever_has_no_patience_is_told_why(cluster: Cluster, other: Callable[[Task], ClusterNode]) -> None:
    hasty = Journals(cluster, patience=0.0)
    task = hasty.task()
    task.append(0)
    cluster.move(task.slot, other(task))
    with pytest.raises(MovedError):
        task.append(1)
    task.append(2)
    hasty.close()
    assert task.said()[0] == 0


class TestAMasterDies:
    def test_its_tasks_go_on_with_the_replica(
        self, mortal: Cluster, journals: Journals, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        victim = mortal.masters[1]
        task, elsewhere = journals.task(victim), journals.task(mortal.masters[0])
        task.append(0)
        elsewhere.append(0)
        until_replicated(mortal, victim)
        victim.server.pause()  # it answers nothing of what comes now
        task.post(1, 2)
        elsewhere.post(1)
        victim.server.kill()
        whenever_it_pauses(monkeypatch, mortal.replica_of(victim).take_over)
        task.post(3)
        journals.writer.collect()
        task.append(4, final=True, state="SUCCESS")
        assert task.said() == [0, 1, 2, 3, 4]
        assert len(task.epochs()) == 2  # the replica may have been behind
        assert elsewhere.said() == [0, 1]

    def test_two_failovers_are_told_from_a_move(self, mortal: Cluster, journals: Journals) -> None:
        """Neither the server that wrote nor the history of its data is known to the one that goes on."""
        wrote = mortal.masters[0]
        second, third = mortal.replicas[0], mortal.replicas[2]
        task = journals.task(wrote)
        task.append(0)
        until_replicated(mortal, wrote)
        second.take_over()
        wait_until(lambda: task.owner() is second and takes(third, second) and follows(third, second))
        third.take_over()
        wait_until(lambda: task.owner() is third)
        task.append(1)
        assert task.said() == [0, 1]
        assert len(task.epochs()) == 2


def follows(replica: ClusterNode, master: ClusterNode) -> bool:
    """Whether it has what the other one has."""
    said: dict[str, Any] = replica.client.info("replication")
    return (said.get("master_port"), said.get("master_link_status")) == (master.port, "up")


def takes(replica: ClusterNode, master: ClusterNode) -> bool:
    """Tell it whom to follow; it may not have heard of the master yet."""
    try:
        replica.ask("REPLICATE", master.id)
    except ResponseError:
        return False
    return True


def test_one_server_that_answers_names_the_others(cluster: Cluster) -> None:
    connections = ClusterConnections([Address("127.0.0.1", nobody.PORT), an_address(cluster.replicas[0])], {})
    masters = {connections.topology.master(slot) for slot in range(0, SLOTS, 64)}
    assert masters == {an_address(master) for master in cluster.masters}


def test_a_cluster_that_does_not_answer_is_away() -> None:
    connections = ClusterConnections([Address("127.0.0.1", nobody.PORT)], {})
    with pytest.raises(ConnectionError, match="no server of the cluster has slot 7"):
        connections.topology.master(7)
    assert not connections.answers()


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_process_that_is_forked_while_the_map_is_read_can_read_it(cluster: Cluster) -> None:
    topology = ClusterConnections([an_address(cluster.masters[0])], {}).topology

    def read() -> None:
        topology.refresh()
        assert topology.masters

    assert ended_beside(read, topology._lock) == 0


def an_address(node: ClusterNode) -> Address:
    return Address("127.0.0.1", node.port)


def all_keys(task: Task) -> list[str]:
    keys = task.keys
    return [keys.result, keys.head, keys.log, keys.tombstone]


def ask_for_all(node: ClusterNode, task: Task) -> None:
    node.client.exists(*all_keys(task))
