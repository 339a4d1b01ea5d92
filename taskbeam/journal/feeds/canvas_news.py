"""What groups and trees are told beside their tasks' events: sizes, and that errbacks are sent. No I/O.

On one server a script does it at once. On a cluster each feed, and each task that knows more, has a slot of
its own, and whatever cannot be told now is told later, once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from taskbeam.journal.feeds.names import FeedKind, feed_keys
from taskbeam.journal.feeds.owed import text_of
from taskbeam.journal.feeds.telling import Call, Lack, feed_call
from taskbeam.journal.scripts import FREE, GROUP_SIZE, NAMED_GROUPS, RELEASE, RELEASE_TREE, TELL_SIZE

if TYPE_CHECKING:
    from taskbeam.journal.feeds.telling import Calls
    from taskbeam.journal.keys import TaskKeys


class CanvasNews(Lack, Protocol):
    """What is told, and how: on a cluster as any `Lack` is, by its `calls`."""

    @property
    def late(self) -> CanvasNews:
        """The same where it could not be told at once."""

    def on_one_server(self) -> Call:
        """What tells it on one server."""


class Size(NamedTuple):
    """What is known of a group. ``added``: a task that a member has added; '' = none. ``member``: one of its
    tasks, where all of them are sent."""

    group: str
    size: int | None = None
    added: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True)
class GroupSizes:
    """How large groups are, as their sender knows it.

    - ``keys``: the names of any task of the application.
    - ``life``: seconds that a result lives; 0 = for ever.
    - ``is_late``: the groups begin with it. What is told at once comes behind their members, or is kept for
      the first of them; Celery also sets the size of groups that have none.
    """

    keys: TaskKeys
    life: int
    sizes: tuple[Size, ...]
    is_late: bool = False

    task_id = ""

    def __str__(self) -> str:
        return f"feed {self.feed} (its size)"

    @property
    def feed(self) -> str:
        return f"{FeedKind.GROUP}:{self.sizes[0].group}"

    @property
    def key(self) -> str:
        return self._head(self.sizes[0])

    @property
    def late(self) -> GroupSizes:
        return replace(self, is_late=True)

    def on_one_server(self) -> Call:
        args: list[str | int] = [_prefix(self.keys), self.life]
        for each in self.sizes:
            size = "" if each.size is None else each.size
            args += [each.group, size, 1 if each.added else 0, each.member]
        return Call(GROUP_SIZE, tuple(self._head(each) for each in self.sizes), tuple(args))

    def calls(self) -> Calls:
        for each in self.sizes:
            group = each.group
            if each.member:
                member = self.keys.of(self.keys.task_id, each.member)
                named = yield Call(NAMED_GROUPS, (member.head,), ())
                group = called(group, text_of(named).split("\n") if named else [])
            size, begins = "" if each.size is None else each.size, int(self.is_late or bool(each.member))
            yield self._told(FeedKind.GROUP, group, size, each.added, begins)
            if each.member:
                yield self._told(FeedKind.TREE, group, "", "", 0)

    def _told(self, kind: FeedKind, of: str, *said: str | int) -> Call:
        return feed_call(TELL_SIZE, self.keys, f"{kind}:{of}", *said, self.life)

    def _head(self, size: Size) -> str:
        return feed_keys(f"{FeedKind.GROUP}:{size.group}", _prefix(self.keys), type(self.keys)).head


@dataclass(frozen=True, slots=True)
class ErrbacksSent:
    """The errbacks of a task that has failed are sent: its tree no longer waits for them."""

    keys: TaskKeys
    tree: str

    def __str__(self) -> str:
        return f"feed {self.feed} of task {self.task_id}"

    @property
    def task_id(self) -> str:
        return self.keys.task_id

    @property
    def feed(self) -> str:
        return f"{FeedKind.TREE}:{self.tree}"

    @property
    def key(self) -> str:
        return feed_keys(self.feed, _prefix(self.keys), type(self.keys)).head

    @property
    def late(self) -> ErrbacksSent:
        return self

    def on_one_server(self) -> Call:
        return Call(RELEASE_TREE, (self.key,), (self.tree, _prefix(self.keys)))

    def calls(self) -> Calls:
        # Whoever tells the tree of the failure from here on finds that it has nothing to wait for.
        yield Call(FREE, (self.keys.head,), ())
        yield feed_call(RELEASE, self.keys, self.feed, self.task_id)


def called(group: str, named: list[str]) -> str:
    """What a group is called, of whose members one names these.

    Celery may send a chord under another id than that which the caller holds; its members know theirs.
    """
    return group if group in named or not named else named[0]


def _prefix(keys: TaskKeys) -> str:
    return keys.result.removesuffix(keys.task_id)
