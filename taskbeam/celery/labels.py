"""Whose a task is, and what it is called: owner, tags and title, from whoever sends it to its journal.

They ride in one task header, ``taskbeam``: an explicit one, else the context's, else that of the task
which sends this one (a chain's next link, a chord's body, what a task replaces itself with). Celery
sends the header along with a retry, too.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

logger = logging.getLogger(__name__)

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


_context: ContextVar[Labels | None] = ContextVar("taskbeam_labels", default=None)


@contextmanager
def labelled(
    *, owner: str | None = None, tags: Sequence[str] = (), title: str | None = None
) -> Iterator[None]:
    """Every task that is sent inside belongs to ``owner``, unless its own header says otherwise.

    Raises `ValueError` for a label that is too long, and for one with a line break.
    """
    labels = Labels.of_header({"owner": owner, "tags": list(tags), "title": title})
    if (labels.owner, labels.tags, labels.title) != (owner, tuple(tags), title):
        raise ValueError(f"a label is a line of 1 to {MAX_LENGTH} characters")
    token = _context.set(labels)
    try:
        yield
    finally:
        _context.reset(token)


def labels_of(headers: Mapping[str, Any], sender: Mapping[str, Any] | None) -> Labels:
    """The labels of a task that is sent with these headers, by the task with the headers ``sender``."""
    header = headers.get(HEADER)
    if header is None and (context := _context.get()) is not None:
        header = context.header()
    if header is None and sender is not None:
        header = sender.get(HEADER)
    return Labels.of_header(header, headers.get("group"))


def head_of(request: Any) -> dict[str, str]:
    """The head's fields of a task that runs; empty for most, and for a request that has no headers."""
    headers = getattr(request, "headers", None)
    header = headers.get(HEADER) if isinstance(headers, dict) else None
    group = getattr(request, "group", None)
    return Labels.of_header(header, group).head() if header or group else {}


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
