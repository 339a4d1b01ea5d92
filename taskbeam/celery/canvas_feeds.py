"""What the feeds of groups and trees are told beside their tasks' events: sizes, and errbacks to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.celery.labels import head_of
from taskbeam.journal import events
from taskbeam.journal.feeds.canvas_news import ErrbacksSent, GroupSizes, Size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskbeam.celery.journal_backend import JournalBackend
    from taskbeam.celery.outbox import Outbox
    from taskbeam.journal.feeds.canvas_news import CanvasNews

#: Whether the tree of the request's task waits for its errbacks.
_HOLDS = "taskbeam_holds"


class CanvasFeeds:
    """Of the applications that a backend serves.

    On one server all of it may be lost: then a feed does not end.
    """

    def __init__(self, backend: JournalBackend, outbox: Outbox) -> None:
        self._backend = backend
        self._outbox = outbox

    def sizes(self, sizes: Mapping[str, int]) -> None:
        """Groups whose members are told have so many of them."""
        self._tell([Size(group, size) for group, size in sizes.items()])

    def added(self, group: str, task_id: str) -> None:
        """A member adds a task to its group."""
        self._tell([Size(group, added=task_id)])

    def sealed(self, group: str, members: Sequence[str]) -> None:
        """All members of a group are sent."""
        if members:
            self._tell([Size(group, len(members), member=members[0])])

    def _tell(self, sizes: Sequence[Size]) -> None:
        if sizes:
            backend = self._backend
            self._send(GroupSizes(backend.keys(sizes[0].group), backend.limits.expires, tuple(sizes)))

    def hold(self, request: Any, task_id: str, state: str) -> bool:
        """Whether Celery sends errbacks after this end of a task: then its tree is not over with it."""
        if state != events.FAILURE or getattr(request, "id", None) != task_id or not request.errbacks:
            return False
        setattr(request, _HOLDS, True)
        return True

    def release(self, request: Any) -> None:
        """What Celery sends after a failure is sent."""
        if request is None or not request.__dict__.pop(_HOLDS, False):
            return
        tree = head_of(request).get("tree", request.id)
        self._send(ErrbacksSent(self._backend.keys(request.id), tree))

    def _send(self, news: CanvasNews) -> None:
        if self._backend.options.sharded and self._backend.kind_of_keys.beside_control:
            return  # `sharded` behind a proxy has no feeds
        self._outbox.tell_canvas(news)
