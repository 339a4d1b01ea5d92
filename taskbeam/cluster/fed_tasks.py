"""Which tasks have feeds, as far as a thread knows from the answers to what it wrote of them. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskbeam.journal.entry import Entry

#: Tasks that are remembered: more than a thread reports on at a time.
MOST = 64


class FedTasks:
    """Of one thread. Whether a task has feeds is in its journal from the birth on, but for the tree of its
    children, which its own thread sends."""

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}

    def may_be(self, task_id: str) -> bool:
        """Whether the task has feeds, or nothing is known of it."""
        return self._known.get(task_id, True)

    def note(self, entry: Entry) -> None:
        """An entry was answered; of a state the answer says what is owed to the task's feeds."""
        if entry.birth:
            # It may be the first child of a task that was alone, and has the feed of their tree from here on.
            self._known.pop(entry.labels.get("tree", ""), None)
        if entry.state:
            self._known.pop(entry.task_id, None)
            self._known[entry.task_id] = entry.owed is not None
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]
