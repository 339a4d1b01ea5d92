"""What a task is called and whose it is: owner, group, tags and title. Pure."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

#: The task header that they ride in.
HEADER = "taskbeam"

#: The head's fields, in the order in which `Labels.of_head` takes their values.
FIELDS = ("owner", "group", "tags", "title")

#: Characters. A head whose values stay under 64 bytes is kept by Redis in a compact form.
MAX_LENGTH = 255
MAX_TAGS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """``group`` is Celery's id of the group or chord that the task is a member of."""

    owner: str | None = None
    group: str | None = None
    tags: tuple[str, ...] = ()
    title: str | None = None

    @classmethod
    def of_header(cls, header: object, group: object = None) -> Self:
        """Read a task header. What is not as it should be is left out: a label never stops a task."""
        given = header if isinstance(header, dict) else {}
        tags = given.get("tags")
        return cls(
            owner=_text("owner", given.get("owner")),
            group=_text("group", group),
            tags=_tags(tags) if isinstance(tags, (list, tuple)) else (),
            title=_text("title", given.get("title")),
        )

    @classmethod
    def of_head(cls, values: Sequence[bytes | None]) -> Self:
        """Read the values of `FIELDS` in a journal's head."""
        owner, group, tags, title = (value.decode(errors="replace") if value else None for value in values)
        return cls(owner=owner, group=group, tags=tuple(tags.split("\n")) if tags else (), title=title)

    def header(self) -> dict[str, Any]:
        """What rides with the task; the group does so by itself."""
        members = {"owner": self.owner, "tags": list(self.tags), "title": self.title}
        return {name: value for name, value in members.items() if value}

    def head(self) -> dict[str, str]:
        """The fields of the journal's head, without those that are empty."""
        values = {
            "owner": self.owner,
            "group": self.group,
            "tags": "\n".join(self.tags),
            "title": self.title,
        }
        return {name: value for name, value in values.items() if value}


def _tags(given: Sequence[object]) -> tuple[str, ...]:
    return tuple(tag for each in given[:MAX_TAGS] if (tag := _text("tag", each)))


def _text(name: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and 0 < len(value) <= MAX_LENGTH and value.isprintable():
        return value
    logger.warning(
        "Ignoring a task's %s: it is not a printable string of 1 to %d characters.", name, MAX_LENGTH
    )
    return None
