"""Feeds on a cluster: each transition is there once, whoever dies between a task's journal and its feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest

from taskbeam import labelled
from taskbeam.cluster.appender import ClusterAppender
from taskbeam.cluster.exchange import ClusterExchange
from taskbeam.cluster.slot_map import slot_of
from taskbeam.journal.entry import Verdict
from tests.support.event_stream import EventStream
from tests.support.redis_cluster import subscribed
from tests.support.waiting import DEADLINE, wait_until
from tests.taskbeam.feed import Feed

from .connected import control_client, seeds

if TYPE_CHECKING:
    from celery import Celery

    from tests.support.gateway import Gateway
    from tests.support.redis_cluster import Cluster

    from .journals import Journals, Task


class Owner:
    """Somebody with tasks that a test writes, and their feed."""

    def __init__(self, cluster: Cluster, journals: Journals) -> None:
        self.name = f"ada {uuid4()}"
        self._cluster, self._journals = cluster, journals
        self.slot = slot_of(self.feed.keys.head)

    @property
    def feed(self) -> Feed:
        """Where it is now."""
        head = Feed(self._cluster.masters[0].client, f"owner:{self.name}").keys.head
        return Feed(self._cluster.owner(head).client, f"owner:{self.name}")

    def task(self) -> Task:
        task = self._journals.task()
        task.append(0, state="PENDING", birth=True, labels={"owner": self.name})
        return task

    def states(self, task: Task) -> list[str]:
        """Those that the feed was told of a task."""
        return [state for task_id, state in self.feed.transitions if task_id == task.id]

    def rollup(self) -> dict[str, Any]:
        found: dict[str, Any] = self.feed.rollup
        return found


@pytest.fixture
def owner(cluster: Cluster, journals: Journals) -> Owner:
    return Owner(cluster, journals)


def listed(served: Gateway, owner: str, **query: Any) -> dict[str, Any]:
    answer = httpx.get(f"{served.http}/feeds/owner:{owner}", params=query, timeout=DEADLINE)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def test_a_feed_has_each_transition_and_counts_them(owner: Owner) -> None:
    first, second = owner.task(), owner.task()
    for task in (first, second):
        task.append(1, state="STARTED")
        task.post(2, 3)
    first.append(4, state="SUCCESS", final=True)
    assert owner.states(first) == ["PENDING", "STARTED", "PROGRESS", "SUCCESS"]
    assert owner.states(second) == ["PENDING", "STARTED", "PROGRESS"]
    assert owner.rollup() == {"total": 2, "open": 1, "waiting": 0, "done": {"SUCCESS": 1}}
    assert [record.id.seq for record in owner.feed.records] == list(range(1, 8))


def test_whoever_listens_hears_transitions_and_progress(owner: Owner, cluster: Cluster) -> None:
    task = owner.task()
    channel = owner.feed.keys.channel
    with cluster.client() as client, subscribed(client, channel) as listener:
        task.append(1, state="STARTED")
        for current in (2, 3):
            task.append(current, state="PROGRESS")
        heard = [listener.get_message(timeout=DEADLINE)["data"] for _ in range(3)]
    assert [each.split(b" ")[0] for each in heard] == [heard[0].split(b" ")[0], heard[1].split(b" ")[0], b"-"]
    assert [b'"PROGRESS"' in each for each in heard] == [False, True, True]


def test_what_is_written_again_is_told_once(owner: Owner, journals: Journals) -> None:
    task = owner.task()
    entry = task.entry(1, state="STARTED")
    for _ in range(3):
        journals.writer.append(entry)
    assert owner.states(task) == ["PENDING", "STARTED"]


def test_a_state_that_is_posted_is_told_though_its_thread_says_nothing_more(owner: Owner) -> None:
    task = owner.task()
    task.append(1, state="STARTED")
    task.post(2)
    assert owner.states(task) == ["PENDING", "STARTED", "PROGRESS"]


def test_states_that_a_thread_posts_of_several_tasks_in_turns_are_told(owner: Owner) -> None:
    first, second = owner.task(), owner.task()
    second.post(1)
    first.post(1)
    assert owner.states(first) == owner.states(second) == ["PENDING", "PROGRESS"]


def test_what_comes_late_is_not_told_again(owner: Owner, journals: Journals) -> None:
    task = owner.task()
    late = task.write_untold(1, state="STARTED")
    task.append(2, state="SUCCESS", final=True)
    with journals.writer._calling():
        journals.writer._tell_feeds(late)
    assert owner.states(task) == ["PENDING", "STARTED", "SUCCESS"]
    assert owner.rollup() == {"total": 1, "open": 0, "waiting": 0, "done": {"SUCCESS": 1}}


def test_the_next_writer_tells_what_one_has_left_untold_that_died(owner: Owner) -> None:
    task = owner.task()
    task.write_untold(1, state="STARTED")
    task.write_untold(2, state="RETRY")
    task.append(3, state="STARTED")
    assert owner.states(task) == ["PENDING", "STARTED", "RETRY", "STARTED"]
    assert owner.rollup() == {"total": 1, "open": 1, "waiting": 0, "done": {}}


def test_whoever_is_refused_tells_an_end_that_is_untold(owner: Owner) -> None:
    task = owner.task()
    task.write_untold(1, state="SUCCESS", final=True)
    task.append(2, state="FAILURE", final=True)
    assert owner.states(task) == ["PENDING", "SUCCESS"]


@pytest.mark.anyio
async def test_a_gateway_that_is_refused_tells_an_end_that_is_untold(owner: Owner, cluster: Cluster) -> None:
    """As the watchdog is that finds the run of a process which died then."""
    task = owner.task()
    task.write_untold(1, state="SUCCESS", final=True)
    async with control_client(seeds(cluster)) as client:
        exchange = ClusterExchange(client.topology, DEADLINE)
        stalled = task.entry(2, state="STALLED", only="running")
        assert (await ClusterAppender(exchange).append(stalled)).verdict is Verdict.REFUSED
        await exchange.aclose()
    assert owner.states(task) == ["PENDING", "SUCCESS"]


@pytest.mark.anyio
async def test_whatever_is_wrong_with_a_feed_costs_a_gateway_no_event(
    owner: Owner, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    task, feed = owner.task(), owner.feed
    feed.client.delete(feed.keys.head)
    feed.client.set(feed.keys.head, "not a feed")
    async with control_client(seeds(cluster)) as client:
        exchange = ClusterExchange(client.topology, DEADLINE)
        revoked = task.entry(1, state="REVOKED", final=True)
        assert (await ClusterAppender(exchange).append(revoked)).verdict is Verdict.APPENDED
        await exchange.aclose()
    feed.client.delete(feed.keys.head)
    assert f"Cannot update feed owner:{owner.name} of task {task.id}" in caplog.text


def test_whoever_lists_a_feed_tells_it_an_end_that_is_untold(served: Gateway, owner: Owner) -> None:
    task = owner.task()
    task.write_untold(1, state="SUCCESS", final=True)
    found = listed(served, owner.name)
    assert [each["state"] for each in found["tasks"]] == ["SUCCESS"]
    assert owner.states(task) == ["PENDING", "SUCCESS"]
    assert found["rollup"]["open"] == 0


def test_a_list_drops_tasks_whose_journals_are_gone(served: Gateway, owner: Owner) -> None:
    gone, stays = owner.task(), owner.task()
    gone.owner().client.delete(gone.keys.head, gone.keys.log)
    found = listed(served, owner.name)
    assert [each["task_id"] for each in found["tasks"]] == [stays.id]
    assert found["rollup"]["total"] == 1


def test_a_list_comes_in_pages_and_by_state(served: Gateway, owner: Owner) -> None:
    tasks = [owner.task() for _ in range(3)]
    tasks[0].append(1, state="SUCCESS", final=True)
    page = listed(served, owner.name, limit=2)
    assert [each["task_id"] for each in page["tasks"]] == [tasks[2].id, tasks[1].id]
    rest = listed(served, owner.name, limit=2, before=page["next"])
    assert ([each["task_id"] for each in rest["tasks"]], rest["next"]) == ([tasks[0].id], None)
    done = listed(served, owner.name, state="SUCCESS")
    assert [each["task_id"] for each in done["tasks"]] == [tasks[0].id]


def test_a_feed_that_cannot_be_told_costs_no_event_and_is_told_later(
    owner: Owner, cluster: Cluster, journals: Journals
) -> None:
    """Its slot moves, and has some of its keys here and some there."""
    task = owner.task()
    target = next(node for node in cluster.masters if node is not cluster.owner_of_slot(owner.slot))
    source = cluster.begin_move(owner.slot, target)
    log = owner.feed.keys.log
    source.hand_over(target, log)
    journals.lines._patience = 0.0
    task.append(1, state="STARTED")
    task.append(2, state="SUCCESS", final=True)
    journals.lines._patience = DEADLINE
    assert task.said() == [0, 1, 2]
    cluster.end_move(owner.slot, source, target)
    wait_until(lambda: owner.states(task) == ["PENDING", "STARTED", "SUCCESS"])
    cluster.move(owner.slot, source)


def test_a_feed_of_another_type_costs_no_event(owner: Owner) -> None:
    task = owner.task()
    head = owner.feed.keys.head
    owner.feed.client.delete(head)
    owner.feed.client.set(head, "not a feed")
    task.append(1, state="SUCCESS", final=True)
    assert task.said() == [0, 1]


def test_followers_hear_what_real_tasks_say_while_the_slot_of_the_feed_moves(
    served: Gateway, app: Celery, cluster: Cluster
) -> None:
    name = f"ada-{uuid4()}"
    slot = slot_of(Feed(cluster.masters[0].client, f"owner:{name}").keys.head)
    with EventStream(served, f"owner:{name}", "?after=0-0", collection="feeds") as stream:
        with labelled(owner=name):
            sent = [app.send_task("jobs.digest", [3]).id for _ in range(6)]
            sent += [app.send_task("jobs.broken").id for _ in range(2)]
        heard: list[dict[str, Any]] = []
        home = cluster.owner_of_slot(slot)
        cluster.move(slot, next(node for node in cluster.masters if node is not home))
        cluster.move(slot, home)
        while not heard or heard[-1]["rollup"]["open"] or heard[-1]["rollup"]["total"] < len(sent):
            event = stream.event()
            assert event["type"] == "task", event
            heard += [event] if "id" in event else []
    ends = {each["event"]["task_id"]: each["event"]["state"] for each in heard}
    assert ends == dict.fromkeys(sent[:6], "SUCCESS") | dict.fromkeys(sent[6:], "FAILURE")
    told = Feed(cluster.owner_of_slot(slot).client, f"owner:{name}")
    assert [(each["event"]["task_id"], each["event"]["state"]) for each in heard] == told.transitions
    assert len(set(told.transitions)) == len(told.transitions)
    for task_id in sent[:6]:
        states = [state for each, state in told.transitions if each == task_id]
        assert states == ["PENDING", "STARTED", "PROGRESS", "SUCCESS"]
