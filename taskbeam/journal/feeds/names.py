"""What a feed is called, and the names of its keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from taskbeam.journal.keys import ShardedKeys, TaskKeys
from taskbeam.journal.labels import label

#: What stands before a feed's name, and before the prefix of the tasks' results, in its keys.
FEED = "taskbeam:feed:"


class FeedKind(StrEnum):
    """What the tasks of a feed have in common."""

    OWNER = "owner"
    TAG = "tag"
    GROUP = "group"
    TREE = "tree"


@dataclass(frozen=True, slots=True)
class FeedName:
    """A feed, written ``kind:of``; ``owner:ada`` is the feed of Ada's tasks, ``tag:billing``
    that of the tasks with this tag."""

    kind: FeedKind
    of: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `ValueError` for what names no feed."""
        kind, _, of = text.partition(":")
        return cls(FeedKind(kind), label(of))

    def __str__(self) -> str:
        return f"{self.kind}:{self.of}"


def normal_name(text: str) -> str:
    """A feed's name as `FeedName` writes it, also where nobody here knows its kind.

    Raises `ValueError` where what is behind the kind can be no label.
    """
    kind, _, of = text.partition(":")
    return f"{kind}:{label(of)}"


@dataclass(frozen=True, slots=True)
class ClusterFeedKeys(ShardedKeys):
    """The names of a feed on a cluster: all of one slot, also where the feed's name has braces."""

    beside_control: ClassVar[bool] = False

    @property
    def all(self) -> tuple[str, ...]:
        """The head, the log, and what the scripts alone name.

        Of a slot that is moving some keys are here and some there. A server refuses a script for that as a
        whole only where it is told of all of them.
        """
        parts = ("order", "ended", "dropped", "expires")
        return (self.head, self.log, *(f"{{{self.result}}}:{part}" for part in parts))


def feed_keys(feed: str, prefix: str, tasks: type[TaskKeys] = TaskKeys) -> TaskKeys:
    """The names of a feed of tasks whose results have this prefix. ``result`` is no key of it.

    ``tasks``: the kind of the tasks' names.

    Its rows, their order and those that have ended are named by the scripts alone.
    """
    kind = TaskKeys if tasks.beside_control else ClusterFeedKeys
    return kind(f"{FEED}{prefix}{feed}")
