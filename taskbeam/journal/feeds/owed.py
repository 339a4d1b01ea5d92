"""What is owed to a task's feeds on a cluster, where each has a slot of its own. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from taskbeam.journal.feeds.names import FeedKind

#: The kinds of feeds, in the order in which the script names those of a task.
_KINDS = (FeedKind.OWNER, FeedKind.TAG, FeedKind.GROUP, FeedKind.TREE)


@dataclass(frozen=True, slots=True)
class News:
    """An event of a task, as a feed is told it: the arguments of `tell.lua`."""

    record: bytes | str
    state: str
    after: bytes | str = ""
    permille: str = ""
    weight: str = ""
    holds: str = ""
    life: int = -1
    root: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """The feeds of a task, and what they are to be told; ``news`` is None where only the journal knows."""

    feeds: tuple[str, ...]
    news: News | None

    @classmethod
    def from_reply(cls, reply: list[Any]) -> Self | None:
        """Read what the append script says is owed; None = nothing."""
        if not reply:
            return None
        of_each = zip(_KINDS, map(text_of, reply[:4]), strict=True)
        feeds = [f"{kind}:{of}" for kind, lines in of_each for of in lines.split("\n") if of]
        news = None
        if len(reply) > 4:
            record, after, state, permille, weight, holds, life = reply[4:]
            news = News(
                record, text_of(state), after, text_of(permille), text_of(weight), text_of(holds), life
            )
        return cls(tuple(feeds), news)


def text_of(value: bytes | str) -> str:
    """A reply, decoded or not, as text."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value
