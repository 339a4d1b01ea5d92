"""Whose a task is, and what it is called: owner, tags and title, from whoever sends it to its journal.

They ride in one task header, ``taskbeam``: an explicit one, else the context's, else that of the task
which sends this one (a chain's next link, a chord's body, what a task replaces itself with), else what the
application's function `labels_of` says. Celery sends the header along with a retry, too. The tree that the
task belongs to rides in it, too, and always is that of the sending task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from taskbeam.background.log_fields import about
from taskbeam.background.logger import logger_for
from taskbeam.celery.groups import groups_named, groups_sent, outermost
from taskbeam.journal.labels import HEADER, MAX_TAGS, Labels, label, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logger_for(__name__)

T = TypeVar("T")

#: What a function of the application says of a task's name, args and kwargs: members of a header.
LabelsOf = Callable[[str, Sequence[Any], Mapping[str, Any]], Mapping[str, Any] | None]

#: What a request keeps of the fields: they are told with each of its events.
_HEAD = "taskbeam_head"

#: What it keeps of its own header: what it sends inherits from that.
_LABELS = "taskbeam_inherited"

_context: ContextVar[Labels | None] = ContextVar("taskbeam_labels", default=None)


@contextmanager
def labelled(
    *, owner: str | None = None, tags: Sequence[str] = (), title: str | None = None
) -> Iterator[None]:
    """Every task that is sent inside belongs to ``owner``, unless its own header says otherwise.

    Raises `ValueError` for a label that is no str, that is too long, or has a line break, and for one str as
    the ``tags``.
    """
    tags = listed(tags)
    if len(tags) > MAX_TAGS:
        raise ValueError(f"a task has at most {MAX_TAGS} tags")
    labels = Labels(
        owner=None if owner is None else label(owner),
        tags=tuple(dict.fromkeys(label(tag) for tag in tags)),
        title=None if title is None else label(title),
    )
    token = _context.set(labels)
    try:
        yield
    finally:
        _context.reset(token)


#: The request whose task sends something though it does not run.
_sender: ContextVar[Any] = ContextVar("taskbeam_sender", default=None)

#: The request that `sent_for` names.
absent_sender = _sender.get


@contextmanager
def sent_for(request: Any) -> Iterator[None]:
    """What is sent inside is sent for this request's task, though it may run elsewhere: its errbacks."""
    token = _sender.set(request)
    try:
        yield
    finally:
        _sender.reset(token)


def labels_of(
    headers: Mapping[str, Any],
    sender: Any,
    body: Sequence[Any] = ((), {}, {}),
    function: LabelsOf | None = None,
) -> Labels:
    """The labels of a task that is sent with these headers and this body (protocol 2).

    ``sender`` is the request of the task that sends it; ``function``: the application's.
    """
    header, inherited = headers.get(HEADER), _header_of(sender)
    own, senders = Labels.of_header(header), _kept(sender, _LABELS, lambda: Labels.of_header(inherited))
    groups = own.groups or groups_sent(headers, sender)
    if _says_whose(header):
        whose = own
    elif (context := _context.get()) is not None:
        whose = context
    elif _says_whose(inherited) or function is None:
        whose = senders
    else:
        whose = _asked(function, headers, body)
    if sender is None:
        tree = own.tree or _tree(headers, groups, body[2])
    else:
        tree = senders.tree
        if tree is None and sender.id != headers.get("id"):
            tree = sender.id
    return replace(whose, groups=groups, tree=tree)


def head_of(request: Any, weights: Mapping[str, int] | None = None) -> dict[str, str]:
    """The head's fields of a task that runs; empty for most, and for a request that has no headers."""
    return _kept(request, _HEAD, lambda: _read_head(request, weights or {}))


def _kept(request: Any, name: str, read: Callable[[], T]) -> T:
    """What is read of a request once: it may report, and send, thousands of times."""
    kept: T | None = getattr(request, name, None)
    if kept is None:
        kept = read()
        with suppress(AttributeError):
            setattr(request, name, kept)
    return kept


def _read_head(request: Any, weights: Mapping[str, int]) -> dict[str, str]:
    header = _header_of(request)
    groups = groups_named(getattr(request, "group", None), getattr(request, "group_index", None))
    if not header and not groups:
        return {}
    return Labels.of_header(header, groups, weights.get(request.task, 1)).head()


def _header_of(request: Any) -> Any:
    headers = getattr(request, "headers", None)
    return headers.get(HEADER) if isinstance(headers, dict) else None


def _says_whose(header: Any) -> bool:
    """Whether somebody has labelled the task; one that says nothing else says that it is nobody's."""
    return header is not None and (
        not isinstance(header, dict) or not header.keys() <= {"tree", "groups"} or not header
    )


def _tree(headers: Mapping[str, Any], groups: Sequence[str], embed: Mapping[str, Any]) -> str | None:
    """Of a task that no task sends. Where nothing follows it, it may stay alone."""
    follows = embed.get("chain") or embed.get("chord")
    return outermost(groups[0] if groups else None, embed) or (headers.get("id") if follows else None)


def _asked(function: LabelsOf, headers: Mapping[str, Any], body: Sequence[Any]) -> Labels:
    """What the application's own function says; a label never stops a task."""
    args, kwargs = body[0], body[1]
    try:
        said = function(headers.get("task", ""), args, kwargs)
        return Labels.of_header(None if said is None else dict(said))
    except Exception:
        logger.exception(
            "labels_of(…) failed for task %s (%s): it has no owner, tags or title.",
            headers.get("id"),
            headers.get("task"),
            extra=about(task_id=headers.get("id")),
        )
        return Labels()
