"""What a task is called, whose it is, and where it belongs: owner, groups, tags, title, tree. Pure."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from taskbeam.background.logger import logger_for

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logger_for(__name__)

#: The task header that they ride in.
HEADER = "taskbeam"

#: The head's fields, in the order in which `Labels.of_head` takes their values.
FIELDS = ("owner", "group", "tags", "title")

#: Characters. A head whose values stay under 64 bytes is kept by Redis in a compact form.
MAX_LENGTH = 255
MAX_TAGS = 32


def composed(text: str) -> str:
    """The text in Unicode's composed form (NFC), so that a name is the same however it was typed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def label(text: object) -> str:
    """The text as a label: `composed`.

    Raises `ValueError` for what is no text, and for one that is no line of 1 to `MAX_LENGTH` printable
    characters.
    """
    if not isinstance(text, str):
        raise ValueError(f"a label is a str, not {type(text).__name__}")
    text = composed(text)
    if not 0 < len(text) <= MAX_LENGTH or not text.isprintable():
        raise ValueError(f"a label is a line of 1 to {MAX_LENGTH} printable characters")
    return text


def listed(tags: Sequence[str]) -> tuple[str, ...]:
    """The tags that somebody gives, as they are.

    Raises `ValueError` for a single text: each of its letters would be a tag.
    """
    if isinstance(tags, str):
        raise ValueError("tags are a list of str, not one str")
    return tuple(tags)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """``groups`` are Celery's ids of the groups and chords that the task is a member of, the innermost first.

    ``tree`` names the tree that it belongs to; None: it is the first of one, and may be the only one.
    ``weight`` is what it counts for in the progress of its groups and its tree. ``trace`` is the
    `traceparent` of the span that it was sent in; it rides in a header of its own.
    Policies are not told these three.
    """

    owner: str | None = None
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    title: str | None = None
    tree: str | None = None
    weight: int = 1
    trace: str | None = None

    @property
    def group(self) -> str | None:
        """The innermost of its groups."""
        return self.groups[0] if self.groups else None

    @classmethod
    def of_header(cls, header: object, groups: Sequence[str] = (), weight: int = 1) -> Self:
        """Read a task header, without groups those that its message names.

        What is not as it should be is left out: a label never stops a task.
        """
        given = header if isinstance(header, dict) else {}
        return cls(
            owner=_text("owner", given.get("owner")),
            groups=_texts("group", given.get("groups") or groups),
            tags=_texts("tag", given.get("tags")),
            title=_text("title", given.get("title")),
            tree=_text("tree", given.get("tree")),
            weight=weight,
        )

    @classmethod
    def of_head(cls, values: Sequence[bytes | None]) -> Self:
        """Read the values of `FIELDS` in a journal's head."""
        owner, group, tags, title = (value.decode(errors="replace") if value else None for value in values)
        return cls(owner=owner, groups=_lines(group), tags=_lines(tags), title=title)

    def header(self, named: Sequence[str] = ()) -> dict[str, Any]:
        """What rides with the task, whose message ``named`` its groups unless they are in here."""
        members = {"owner": self.owner, "tags": list(self.tags), "title": self.title, "tree": self.tree}
        if self.groups != named:
            members["groups"] = list(self.groups)
        return {name: value for name, value in members.items() if value}

    def head(self) -> dict[str, str]:
        """The fields of the journal's head, without those that are empty."""
        values = {
            "owner": self.owner,
            "group": "\n".join(self.groups),
            "tags": "\n".join(self.tags),
            "title": self.title,
            "tree": self.tree,
            "weight": str(self.weight) if self.weight != 1 else "",
            "trace": self.trace,
        }
        return {name: value for name, value in values.items() if value}


def _lines(text: str | None) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


def _texts(name: str, given: object) -> tuple[str, ...]:
    if not isinstance(given, (list, tuple)):
        if given:
            logger.warning("Ignoring a task's %ss: they are no list, but %s.", name, type(given).__name__)
        return ()
    return tuple(dict.fromkeys(text for each in given[:MAX_TAGS] if (text := _text(name, each))))


def _text(name: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        with suppress(ValueError):
            return label(value)
    logger.warning(
        "Ignoring a task's %s: it is not a printable string of 1 to %d characters.", name, MAX_LENGTH
    )
    return None
