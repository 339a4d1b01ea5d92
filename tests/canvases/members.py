"""The members of a group that a test writes itself, with the feeds of the group and its tree."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from taskbeam.journal.feeds.canvas_news import GroupSizes, Size
from taskbeam.journal.limits import Limits
from tests.taskbeam.feed import Feed
from tests.taskbeam.journal import Journal

if TYPE_CHECKING:
    import redis

    from taskbeam.journal.writer import JournalWriter

LIMITS = Limits(expires=600)


class Members:
    """A group sent from outside: its id is the tree's, too."""

    def __init__(self, client: redis.Redis, writer: JournalWriter) -> None:
        self.client = client
        self.id = str(uuid4())
        self.group, self.tree = Feed(client, f"group:{self.id}"), Feed(client, f"tree:{self.id}")
        self.tasks: list[Journal] = []
        self._writer = writer

    def task(self, **labels: str) -> Journal:
        """A member that was just sent."""
        labels = {"group": self.id, "tree": self.id} | labels
        task = Journal(self.client, self._writer, limits=LIMITS, labels=labels)
        self.tasks.append(task)
        task.send()
        return task

    def seal(self, size: int | None = None) -> None:
        """What the sender says when all are sent."""
        first = self.tasks[0]
        known = Size(self.id, len(self.tasks) if size is None else size, member=first.task_id)
        self._writer.tell_canvas(GroupSizes(first.keys, 600, (known,)))

    @property
    def states(self) -> dict[str, str]:
        """What the journals say."""
        heads = {task.task_id: self.client.hget(task.keys.head, "state") for task in self.tasks}
        return {task: state.decode() for task, state in heads.items() if isinstance(state, bytes)}


def succeed(task: Journal, run: str = "z") -> None:
    task.append("STARTED", run)
    task.append("SUCCESS", run)


def states_of(feed: Feed) -> dict[str, str]:
    """Its rows: of a group or a tree each has the permille and the weight, too."""
    return {task: row.split(" ", 2)[2] for task, row in feed.rows.items()}
