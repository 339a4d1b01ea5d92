"""What the feeds of groups and trees are told beside their tasks' events: sizes, and errbacks to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskbeam.celery.labels import head_of
from taskbeam.journal import events
from taskbeam.journal.feeds.names import FeedKind, feed_keys
from taskbeam.journal.scripts import GROUP_SIZE, RELEASE_TREE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taskbeam.celery.journal_backend import JournalBackend
    from taskbeam.celery.outbox import Outbox

#: Whether the tree of the request's task waits for its errbacks.
_HOLDS = "taskbeam_holds"


class Size(NamedTuple):
    """What is known of a group. ``member``: one of its tasks, where all of them are sent."""

    group: str
    size: int | None = None
    added: int = 0
    member: str = ""


class CanvasFeeds:
    """Of the applications that a backend serves. All of it may be lost: then a feed does not end."""

    def __init__(self, backend: JournalBackend, outbox: Outbox) -> None:
        self._backend = backend
        self._outbox = outbox

    def sizes(self, sizes: Mapping[str, int]) -> None:
        """Groups whose members are told have so many of them."""
        self._tell([Size(group, size) for group, size in sizes.items()])

    def added(self, group: str) -> None:
        """A member adds one to its group."""
        self._tell([Size(group, added=1)])

    def sealed(self, group: str, members: Sequence[str]) -> None:
        """All members of a group are sent."""
        if members:
            self._tell([Size(group, len(members), member=members[0])])

    def _tell(self, sizes: Sequence[Size]) -> None:
        if self._backend.options.sharded or not sizes:
            return  # tasks and feeds hash to different slots
        names = [self._names(FeedKind.GROUP, each.group) for each in sizes]
        args: list[str | int] = [names[0][0], self._backend.limits.expires]
        for each in sizes:
            args += [each.group, "" if each.size is None else each.size, each.added, each.member]
        self._outbox.run(GROUP_SIZE, [head for _, head in names], args)

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
        prefix, head = self._names(FeedKind.TREE, tree)
        self._outbox.run(RELEASE_TREE, [head], [tree, prefix])

    def _names(self, kind: FeedKind, of: str) -> tuple[str, str]:
        """What stands before a task's id in the key of its result, and the head of the feed."""
        prefix = self._backend.keys(of).result.removesuffix(of)
        return prefix, feed_keys(f"{kind}:{of}", prefix).head
