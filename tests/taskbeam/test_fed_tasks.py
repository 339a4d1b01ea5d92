"""What a thread knows of the feeds of tasks."""

from __future__ import annotations

from typing import Any

from taskbeam.cluster.fed_tasks import MOST, FedTasks
from taskbeam.journal.entry import Entry
from taskbeam.journal.feeds.owed import Owed
from taskbeam.journal.keys import task_keys


def answered(task_id: str, owed: Owed | None = None, **fields: Any) -> Entry:
    entry = Entry(keys=task_keys(task_id), task_id=task_id, type="state", state="STARTED", **fields)
    entry.owed = owed
    return entry


def test_a_task_that_was_alone_may_have_a_tree_once_it_has_sent_another_one() -> None:
    fed = FedTasks()
    for task_id in ("root", "alone"):
        fed.note(answered(task_id))
    fed.note(answered("child", Owed(("tree:root",), None), birth=True, labels={"tree": "root"}))
    assert [fed.may_be(task_id) for task_id in ("root", "child", "alone")] == [True, True, False]


def test_of_many_tasks_the_newest_are_known() -> None:
    fed = FedTasks()
    for number in range(MOST + 1):
        fed.note(answered(str(number)))
    assert (fed.may_be("0"), fed.may_be("1")) == (True, False)
