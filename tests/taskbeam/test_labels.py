"""Owner, tags and title go with a task wherever it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import redis
from celery import chain, chord

from taskbeam.celery.labels import labelled, labels_of
from taskbeam.journal.keys import task_keys
from taskbeam.journal.labels import FIELDS, MAX_LENGTH, Labels

from .waiting import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from stack.valkey import Valkey

    from .journal import Journal

OURS = {"owner": "user-7", "tags": ["billing", "May"], "title": "Invoices"}
LABELS = Labels(owner="user-7", tags=("billing", "May"), title="Invoices")


@pytest.fixture
def results(valkey: Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey.url(9)) as client:
        yield client


def labels_in(client: redis.Redis, task_id: str) -> Labels:
    """What the task's head says."""
    values: Any = client.hmget(task_keys(task_id).head, list(FIELDS))
    return Labels.of_head(values)


class TestWhichHold:
    def test_none_without_any(self) -> None:
        assert labels_of({}, None) == Labels()

    def test_those_of_the_context(self) -> None:
        with labelled(owner="user-7", tags=["billing", "May"], title="Invoices"):
            assert labels_of({}, {"taskbeam": {"owner": "another"}}) == LABELS
        assert labels_of({}, None) == Labels()

    def test_an_explicit_header_before_those_of_the_context(self) -> None:
        with labelled(owner="another", tags=["x"]):
            assert labels_of({"taskbeam": OURS}, None) == LABELS

    def test_those_of_the_sending_task_last(self) -> None:
        assert labels_of({}, {"taskbeam": OURS}) == LABELS

    def test_the_group_is_the_tasks_own(self) -> None:
        assert labels_of({"group": "g"}, {"taskbeam": OURS, "group": "h"}).group == "g"


class TestWhatIsNoLabel:
    @pytest.mark.parametrize("owner", [7, "", "two\nlines", "x" * (MAX_LENGTH + 1), ["a"], "\0"])
    def test_is_left_out_of_a_header(self, owner: object) -> None:
        assert Labels.of_header({"owner": owner, "tags": [owner, "kept"]}) == Labels(tags=("kept",))

    @pytest.mark.parametrize("header", ["x", 7, [], {"tags": "x"}, {"tags": {"x": 1}}])
    def test_of_any_form(self, header: object) -> None:
        assert Labels.of_header(header) == Labels()

    @pytest.mark.parametrize("owner", ["", "two\nlines", "x" * (MAX_LENGTH + 1)])
    def test_is_told_to_who_writes_the_code(self, owner: str) -> None:
        with pytest.raises(ValueError, match="a label is a line"), labelled(owner=owner):
            pass

    def test_head_and_back(self) -> None:
        head = LABELS.head()
        assert (
            Labels.of_head([value.encode() if (value := head.get(name)) else None for name in FIELDS])
            == LABELS
        )


class TestTheHead:
    def test_keeps_those_of_the_birth(self, journal: Journal) -> None:
        journal.send(labels=LABELS.head())
        journal.append("STARTED", "a", labels={"owner": "thief"})
        assert labels_in(journal.client, journal.task_id) == LABELS

    def test_keeps_them_when_a_new_run_begins_after_the_end(self, journal: Journal) -> None:
        journal.send(labels=LABELS.head())
        journal.append("STARTED", "a")
        journal.append("FAILURE", "a")
        journal.append("STARTED", "b", labels={"owner": "thief"})
        assert labels_in(journal.client, journal.task_id) == LABELS

    def test_has_those_of_the_newer_sending(self, journal: Journal) -> None:
        journal.send(labels=LABELS.head())
        journal.append("STARTED", "a")
        journal.append("FAILURE", "a")
        journal.send(labels={"owner": "user-8"})
        assert labels_in(journal.client, journal.task_id) == Labels(owner="user-8")

    def test_gets_them_from_the_worker_when_redis_lost_its_own(self, journal: Journal) -> None:
        journal.append("PROGRESS", "a", "progress", labels=LABELS.head())
        assert labels_in(journal.client, journal.task_id) == LABELS


class TestWithCelery:
    def test_a_task(self, jobs: Celery, results: redis.Redis) -> None:
        sent = jobs.send_task("jobs.add", [1, 2], headers={"taskbeam": OURS})
        assert sent.get(timeout=DEADLINE) == 3
        assert labels_in(results, sent.id) == LABELS

    def test_a_retry(self, jobs: Celery, results: redis.Redis) -> None:
        with labelled(owner="user-7"):
            sent = jobs.send_task("jobs.flaky")
        assert sent.get(timeout=DEADLINE) == "done"
        assert labels_in(results, sent.id).owner == "user-7"

    def test_every_link_of_a_chain(self, jobs: Celery, results: redis.Redis) -> None:
        add = jobs.tasks["jobs.add"]
        with labelled(owner="user-7"):
            last: Any = chain(add.s(1, 2), add.s(3), add.s(4)).apply_async()
        assert last.get(timeout=DEADLINE) == 10
        while last is not None:
            assert labels_in(results, last.id).owner == "user-7"
            last = last.parent

    def test_a_chord_with_its_body(self, jobs: Celery, results: redis.Redis) -> None:
        add, total = jobs.tasks["jobs.add"], jobs.tasks["jobs.total"]
        with labelled(owner="user-7"):
            body = chord([add.s(1, 2), add.s(3, 4)])(total.s())
        assert body.get(timeout=DEADLINE) == 10
        assert labels_in(results, body.id).owner == "user-7"
        group: Any = body.parent
        members = group.results
        labels = [labels_in(results, member.id) for member in members]
        assert labels == [Labels(owner="user-7", group=group.id)] * 2

    def test_a_task_without_any_has_none(self, jobs: Celery, results: redis.Redis) -> None:
        sent = jobs.send_task("jobs.add", [1, 2])
        sent.get(timeout=DEADLINE)
        assert labels_in(results, sent.id) == Labels()
