"""What of a feed is news. Pure.

What is listed, what is replayed and what is live may overlap, so the newest event of each task counts.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from taskbeam.journal.events import EventId

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Tasks whose newest event is remembered: twice as many as the largest feed lists.
MOST = 40_000


class FeedTasks:
    """The newest event of each task that was heard of."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, EventId] = OrderedDict()

    def is_news(self, event: Mapping[str, Any]) -> bool:
        """Whether a task's event is newer than what is known of the task; then it is remembered."""
        if "id" not in event:
            return True
        task_id, found = event["task_id"], EventId.parse(event["id"])
        if found <= self._newest.get(task_id, (-1, 0)):
            return False
        self._newest[task_id] = found
        self._newest.move_to_end(task_id)
        if len(self._newest) > MOST:
            self._newest.popitem(last=False)
        return True
