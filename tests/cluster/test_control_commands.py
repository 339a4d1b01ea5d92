"""The slot of what belongs to no task moves key by key: of what finds half of it there, nothing is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis.exceptions import TryAgainError

from taskbeam.cluster.control_commands import begin_run, end_run, leave_queue, take_ticket, tell_news
from taskbeam.cluster.slot_map import CONTROL_SLOT
from taskbeam.journal.control_keys import CLUSTER
from taskbeam.journal.entry import Appended, DueEnd, Entry, Place, Ran, Registration, Verdict
from taskbeam.journal.events import EventId
from taskbeam.journal.keys import task_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbeam.cluster.control_commands import Command
    from tests.support.redis_cluster import Cluster, ClusterNode

QUEUE, RUN = CLUSTER.queue("of halves"), Registration(runs_key=CLUSTER.runs("of halves"), row="a row")
TIMES = CLUSTER.times("of halves")
TASK = task_keys("of halves")
ENDED = Appended(Verdict.APPENDED, EventId(1, 2), due=DueEnd("1-2", "0", ""))
ENTRY = Entry(keys=TASK, task_id="of halves", type="state", ran=Ran(2.0, TIMES))

COMMANDS = {
    "a ticket": take_ticket(QUEUE, TASK.result, "a sender", 1),
    "out of the queue": leave_queue(Place(1, QUEUE, leaves=True, begins=False), TASK.result),
    "a run begins": begin_run(RUN, TASK.result),
    "a run ends": end_run(ENTRY, RUN, ENDED),
    "news": tell_news(TASK.result, ("end 1-2 of halves", "0", "")),
}


@pytest.fixture
def source(cluster: Cluster) -> Iterator[ClusterNode]:
    """The slot's master. Whether a gateway publishes, and who is to be told, it does not know any more."""
    source = cluster.owner_of_slot(CONTROL_SLOT)
    to = next(node for node in cluster.masters if node is not source)
    moved = (CLUSTER.dashboard, CLUSTER.notify_asked)
    hashes = (QUEUE.tickets, RUN.runs_key, TIMES)
    sets = (QUEUE.withdrawn, CLUSTER.notify_due)
    texts = (CLUSTER.taken("a sender"), CLUSTER.over(TASK.result))
    source.client.set(CLUSTER.dashboard, "a gateway")
    source.client.hset(CLUSTER.notify_asked, "*", 1)
    for name in hashes:
        source.client.hset(name, "another", 1)
    for name in sets:
        source.client.zadd(name, {"another": 1})
    for name in texts:
        source.client.set(name, "another")
    cluster.begin_move(CONTROL_SLOT, to)
    source.hand_over(to, *moved)
    yield source
    cluster.end_move(CONTROL_SLOT, source, to)
    to.client.delete(*moved, *hashes, *sets, *texts)
    cluster.move(CONTROL_SLOT, source)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_the_server_refuses_it_as_a_whole(source: ClusterNode, command: Command) -> None:
    with pytest.raises(TryAgainError):
        source.client.execute_command("EVAL", command.script.text, *command.given)
