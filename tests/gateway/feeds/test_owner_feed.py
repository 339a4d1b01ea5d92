"""An owner's feed over HTTP: the list of its tasks, and their events from its cursor."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest

from taskbeam.gateway.problems import TOKEN_REVOKED, UNKNOWN_FEED
from tests.gateway.security.revoking import end
from tests.support.journal import Journals
from tests.support.redis_cluster import one_server
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import wait_until

from .owner import Owner, transitions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack.valkey import Valkey
    from tests.support.journal import Task

SETTINGS = TOKENS

#: Seconds that a long-poll may wait in these tests; none of them waits that long for what has happened.
LONG = 50


def snapshots(tasks: Sequence[Task]) -> list[Any]:
    return [json.loads(task.bodies()[-1]) for task in tasks]


def milliseconds(journals: Journals) -> int:
    """By the server's clock."""
    seconds, microseconds = cast("tuple[int, int]", journals.redis.time())
    return seconds * 1000 + microseconds // 1000


class TestTheList:
    def test_has_the_newest_first_with_the_snapshot_of_each(self, owner: Owner) -> None:
        tasks = [owner.task() for _ in range(3)]
        tasks[0].append({"text": "50 %"})
        tasks[1].finish()
        found = owner.list()
        assert found["feed"] == owner.feed
        assert found["tasks"] == snapshots(tasks)[::-1]
        assert found["rollup"] == {"total": 3, "open": 2, "waiting": 1, "done": {"SUCCESS": 1}}
        assert found["next"] is None

    def test_has_the_cursor_to_go_on_from(self, owner: Owner) -> None:
        owner.task()
        cursor = owner.list()["last_event_id"]
        task = owner.task()
        assert transitions(owner.events(after=cursor)["events"]) == [(task.id, "PENDING")]

    def test_of_nobody_is_empty(self, owner: Owner) -> None:
        nothing = {"total": 0, "open": 0, "waiting": 0, "done": {}}
        assert owner.list() == {
            "feed": owner.feed,
            "tasks": [],
            "rollup": nothing,
            "last_event_id": "0-0",
            "next": None,
            "unread": 0,
        }

    def test_in_pages(self, owner: Owner) -> None:
        tasks = [owner.task() for _ in range(7)]
        found, before = [], None
        while True:
            page = owner.list(limit=3) if before is None else owner.list(limit=3, before=before)
            assert len(page["tasks"]) <= 3
            found += page["tasks"]
            if (before := page["next"]) is None:
                break
        assert found == snapshots(tasks)[::-1]

    def test_by_state(self, owner: Owner) -> None:
        waiting, running, done = (owner.task() for _ in range(3))
        running.append()
        done.finish()
        wanted = {
            ("PENDING",): [waiting],
            ("SUCCESS", "PENDING"): [done, waiting],
            ("open",): [running, waiting],
            ("FAILURE",): [],
        }
        for states, tasks in wanted.items():
            assert owner.list(state=states)["tasks"] == snapshots(tasks)

    def test_has_no_more_bytes_than_one_answer_may(self, owner: Owner) -> None:
        tasks = [owner.task() for _ in range(4)]
        for task in tasks:
            task.append("x" * 250_000)
        page = owner.list()
        assert 0 < len(page["tasks"]) < 4
        rest = owner.list(before=page["next"])
        assert page["tasks"] + rest["tasks"] == snapshots(tasks)[::-1]

    def test_forgets_tasks_whose_journals_are_gone(self, owner: Owner) -> None:
        gone, kept = owner.task(), owner.task()
        gone.lose()
        found = owner.list()
        assert found["tasks"] == snapshots([kept])
        assert found["rollup"]["total"] == owner.list()["rollup"]["total"] == 1


class TestTheStream:
    def test_replays_and_goes_on(self, owner: Owner) -> None:
        task = owner.task()
        with owner.stream() as stream:
            first = stream.event()
            other = owner.task()
            task.append({"text": "half"})
            task.append({"text": "more"})
            task.finish()
            told = [first, *(stream.event() for _ in range(4))]
        assert transitions(told) == [
            (task.id, "PENDING"),
            (other.id, "PENDING"),
            (task.id, "PROGRESS"),
            (task.id, "PROGRESS"),
            (task.id, "SUCCESS"),
        ]
        assert [each["event"] for each in told if each["event"]["task_id"] == task.id] == [
            json.loads(body) for body in task.bodies()
        ]
        assert ["id" in each for each in told] == [True, True, True, False, True]

    def test_an_event_without_a_number_moves_no_cursor(self, owner: Owner) -> None:
        task = owner.task()
        task.append()
        with owner.stream(owner.list()["last_event_id"]) as stream:
            owner.wait_for_subscribers()
            task.append({"text": "more"})
            block = stream.block()
        assert b"\nid: " not in block
        assert block.endswith(b"\n\n")

    @one_server("a cluster has one database")
    def test_has_nothing_of_another_database(self, owner: Owner, valkey: Valkey) -> None:
        """Redis' channels are those of all databases of a server."""
        with Journals(valkey.url(2)) as others, owner.stream("0-0") as stream:
            owner.wait_for_subscribers()
            theirs = others.task(labels={"owner": owner.name})
            began = milliseconds(others)
            # An epoch is the millisecond in which a journal began.
            wait_until(lambda: milliseconds(others) > began)
            task = owner.task()
            assert transitions([stream.event()]) == [(task.id, "PENDING")]
            for _ in range(3):
                theirs.append()
            task.append()
            assert transitions([stream.event()]) == [(task.id, "PROGRESS")]
            for _ in range(3):
                theirs.append()
            task.append({"text": "more"})
            assert stream.event()["event"] == json.loads(task.bodies()[-1])

    def test_of_nobody_waits_for_the_first_task(self, owner: Owner) -> None:
        with owner.stream(owner.list()["last_event_id"]) as stream:
            assert stream.status == 200
            owner.wait_for_subscribers()
            task = owner.task()
            assert transitions([stream.event()]) == [(task.id, "PENDING")]

    def test_goes_on_when_its_tasks_have_ended(self, owner: Owner) -> None:
        owner.task().finish()
        with owner.stream(owner.list()["last_event_id"]) as stream:
            assert stream.status == 200
            task = owner.task()
            assert transitions([stream.event()]) == [(task.id, "PENDING")]

    def test_after_a_cursor(self, owner: Owner) -> None:
        tasks = [owner.task() for _ in range(3)]
        with owner.stream() as stream:
            first = stream.event()
        with owner.stream(first["id"]) as stream:
            again = [stream.event() for _ in range(2)]
        assert transitions(again) == [(task.id, "PENDING") for task in tasks[1:]]

    def test_a_cursor_of_another_life_gets_a_gap(self, owner: Owner) -> None:
        task = owner.task()
        with owner.stream("1-5") as stream:
            gap, event = stream.event(), stream.event()
        assert gap == {
            "id": f"{event['id'].partition('-')[0]}-0",
            "feed": owner.feed,
            "type": "gap",
            "final": False,
            "gap": {"after": "1-5", "reason": "epoch"},
            "snapshot": event,
        }
        assert transitions([event]) == [(task.id, "PENDING")]

    def test_a_feed_that_is_gone_is_a_gap(self, owner: Owner) -> None:
        with owner.stream("1-5") as stream:
            gap = stream.event()
            assert (gap["id"], gap["snapshot"]) == ("0-0", None)
            task = owner.task()
            assert transitions([stream.event()]) == [(task.id, "PENDING")]


class TestPolling:
    def test_all_that_is_there(self, owner: Owner) -> None:
        task = owner.task()
        task.append()
        task.append()
        found = owner.events()
        assert transitions(found["events"]) == [(task.id, "PENDING"), (task.id, "PROGRESS")]
        assert found["last_event_id"] == found["events"][-1]["id"] == owner.list()["last_event_id"]
        assert found["final"] is False

    def test_a_limit_pages_through_them(self, owner: Owner) -> None:
        for _ in range(3):
            owner.task()
        first = owner.events(limit=2)
        rest = owner.events(limit=2, after=first["last_event_id"])
        assert first["events"] + rest["events"] == owner.events()["events"]

    def test_waits_for_a_transition_and_not_for_what_has_no_number(self, owner: Owner) -> None:
        task = owner.task()
        task.append()
        cursor = owner.list()["last_event_id"]
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(owner.events, after=cursor, wait=LONG)
            owner.wait_for_subscribers()
            task.append({"text": "more"})
            task.finish()
            assert transitions(waiting.result(60)["events"]) == [(task.id, "SUCCESS")]

    def test_a_feed_of_nobody_waits_too(self, owner: Owner) -> None:
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(owner.events, after="0-0", wait=LONG)
            owner.wait_for_subscribers()
            task = owner.task()
            assert transitions(waiting.result(60)["events"]) == [(task.id, "PENDING")]

    def test_in_vain(self, owner: Owner) -> None:
        assert owner.events(wait=0.1) == {"events": [], "last_event_id": "0-0", "final": False}


class TestWhoMayReadIt:
    def test_me_is_whoever_asks(self, owner: Owner) -> None:
        task = owner.task()
        assert owner.get(feed="owner:me").json() == owner.list()
        with owner.stream(feed="owner:me") as stream:
            assert stream.event()["event"]["task_id"] == task.id

    @pytest.mark.parametrize("resource", ["", "/events"])
    @pytest.mark.parametrize(
        "name",
        ["owner:another", "owner:", "owner", "nothing:ada", "owner:x/events/events"],
    )
    def test_any_other_is_not_there(self, owner: Owner, name: str, resource: str) -> None:
        answer = owner.get(resource, feed=name)
        assert (answer.status_code, answer.json()["code"]) == (404, UNKNOWN_FEED.code)

    def test_a_token_without_an_owner_has_none(self, owner: Owner) -> None:
        task = owner.task()
        owner.headers = bearer(sign(tasks=[task.id], sub=owner.name))
        for feed in ("owner:me", owner.feed):
            assert owner.get(feed=feed).json()["code"] == UNKNOWN_FEED.code

    def test_a_tag_is_no_owners_though_the_tasks_are(self, owner: Owner, journals: Journals) -> None:
        journals.task(labels={"owner": owner.name, "tags": owner.name})
        assert owner.get(feed=f"tag:{owner.name}").json()["code"] == UNKNOWN_FEED.code

    def test_a_token_for_a_group_reads_its_feed(self, owner: Owner, journals: Journals) -> None:
        group, other = str(uuid4()), str(uuid4())
        task = journals.task(labels={"group": f"{group}\n{other}", "tree": group})
        owner.headers = bearer(sign(groups=[group]))
        found = owner.get(feed=f"group:{group}").raise_for_status().json()
        assert found["tasks"] == snapshots([task])
        for feed in (f"group:{other}", f"tree:{group}", f"owner:{group}", f"tag:{group}"):
            assert owner.get(feed=feed).json()["code"] == UNKNOWN_FEED.code

    def test_revoking_an_owner_ends_the_stream(self, owner: Owner, valkey: Valkey) -> None:
        owner.headers = bearer(sign(owner=owner.name, iat=time.time() - 60))
        owner.task()
        with owner.stream() as stream:
            stream.event()
            end(valkey, owners=[owner.name])
            assert stream.block().startswith(b"event: problem\ndata: ")
            assert stream.rest() == b""
        assert owner.get().json()["code"] == TOKEN_REVOKED.code

    def test_a_task_of_somebody_else_is_not_in_it(self, owner: Owner, journals: Journals) -> None:
        journals.task(labels={"owner": "another"})
        assert owner.list()["tasks"] == []
