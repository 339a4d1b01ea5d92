"""Whose a task is, and what it is called: owner, tags and title, from whoever sends it to its journal.

They ride in one task header, ``taskbeam``: an explicit one, else the context's, else that of the task
which sends this one (a chain's next link, a chord's body, what a task replaces itself with). Celery
sends the header along with a retry, too.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from taskbeam.journal.labels import HEADER, MAX_LENGTH, Labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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
