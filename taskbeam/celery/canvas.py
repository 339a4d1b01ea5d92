"""Which tasks wait for one that is sent: read from the signatures that its message carries.

A pure rule. Celery embeds what is to follow (the later links of a chain, a chord's body) in the message of
the first task; their ids are frozen there, so a client may know them long before they are sent.

Celery embeds all of it in every message, so a canvas of n tasks has n messages of n signatures each. Here
each task names one that waits for it, and the first of a group names the others: n names in all. And who
waits is read only from a message that nobody has read before (`Canvas.waiting`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskbeam.celery.groups import Signature, groups_of, groups_of_members
from taskbeam.journal.labels import HEADER

#: Waiting tasks that are told of one message; those beyond are told when they are sent.
MAX_WAITING = 1000


@dataclass(slots=True)
class Waiting:
    """A task that waits. ``next``: who waits for it; ``beside``: the rest of the group that it begins.

    A group waits as one: whoever waits for the same task is found beside its first member. ``groups``: those
    that it is a member of. ``header``: its own labels, None where it has none.
    """

    name: str
    groups: tuple[str, ...] = ()
    header: Any = None
    next: str = ""
    beside: Sequence[str] = ()


class Canvas:
    """What follows one task."""

    def __init__(self, task_id: str, embed: Mapping[str, Any], place: int | None = None) -> None:
        """``embed``: the third part of a message's body (protocol 2), with ``chain`` and ``chord``.

        ``place``: the task's own in its group, `group_index` of the message's headers.
        """
        self._task_id = task_id
        self._behind = {**embed, "group_index": place}
        self._laid_out: _Layout | None = None

    @property
    def next(self) -> str:
        """The id of a task that waits for this one, the first of them; '' when none does."""
        return next(_behind(self._behind), "")

    @property
    def waiting(self) -> dict[str, Waiting]:
        """All that wait, for this task or for each other, by id."""
        if not self._behind.get("chain") and (self._behind["group_index"] or not self._behind.get("chord")):
            return {}  # for what waits for a group is told with its first member
        return self._layout.waiting

    @property
    def sizes(self) -> dict[str, int]:
        """How many members each group has that waits as a whole; of no group where not all is told."""
        if len(self.waiting) >= MAX_WAITING:
            return {}
        members = Counter(group for waiting in self.waiting.values() for group in waiting.groups)
        return {group: members[group] for group in self._layout.groups if members[group]}

    @property
    def _layout(self) -> _Layout:
        if self._laid_out is None:
            self._laid_out = _Layout(self._task_id)
            self._laid_out.follow([self._task_id], self._behind)
        return self._laid_out


class _Layout:
    """Lays out signatures one behind the other. Its methods return where that ends, as task ids."""

    def __init__(self, sent: str) -> None:
        self.waiting: dict[str, Waiting] = {}
        self.groups: list[str] = []
        self._sent = sent

    def follow(self, last: list[str], options: Mapping[str, Any]) -> list[str]:
        """What options put behind tasks."""
        for link in reversed(options.get("chain") or ()):  # the next one is the list's last
            last = self._join(last, link)
        if options.get("chord"):
            # The whole header carries it; it is laid out for the first of the header, which is sent first.
            (self._point if options.get("group_index") else self._join)(last, options["chord"])
        return last

    def _join(self, last: list[str], signature: Signature, groups: tuple[str, ...] = ()) -> list[str]:
        self._point(last, signature)
        # A signature without an id hides nothing: what comes behind it waits for the ones before.
        return self._lay(signature, groups) or last

    def _point(self, last: list[str], signature: Signature) -> None:
        first = next(_first(signature), "")
        for task_id in last:
            waiting = self.waiting.get(task_id)  # none of the one that is sent
            if waiting is not None and not waiting.next:
                waiting.next = first

    def _lay(self, signature: Signature, groups: tuple[str, ...] = ()) -> list[str]:
        """``groups``: those around it, which are of what it ends with."""
        parts = signature.get("kwargs") or {}
        match signature.get("subtask_type"):
            case "group":
                groups = groups_of_members(signature, groups)
                self.groups += groups[:1] if "task_id" in (signature.get("options") or {}) else ()
                last = self._abreast(parts.get("tasks"), groups)
            case "chain":
                last = self._in_a_row(parts.get("tasks"), groups)
            case "chord":
                header = parts.get("header")
                last = self._lay(header) if isinstance(header, Mapping) else self._abreast(header)
                if parts.get("body"):
                    last = self._join(last, parts["body"], groups)
            case _:
                return self._single(signature, groups)
        return self.follow(last, signature.get("options") or {})

    def _single(self, signature: Signature, groups: tuple[str, ...]) -> list[str]:
        options = signature.get("options") or {}
        task_id = options.get("task_id")
        if task_id is None or task_id == self._sent:
            return []
        if task_id in self.waiting:  # a chord's body, which each task of its header carries
            return [task_id]
        if len(self.waiting) >= MAX_WAITING:
            return []
        header = (options.get("headers") or {}).get(HEADER)
        self.waiting[task_id] = Waiting(signature["task"], groups or groups_of(signature), header)
        return self.follow([task_id], options)

    def _abreast(self, signatures: Any, groups: tuple[str, ...] = ()) -> list[str]:
        last = [task_id for each in _signatures(signatures) for task_id in self._lay(each, groups)]
        first, *others = [task_id for task_id in _abreast(signatures) if task_id in self.waiting] or [""]
        if others:
            self.waiting[first].beside = others
        return last

    def _in_a_row(self, signatures: Any, groups: tuple[str, ...]) -> list[str]:
        last: list[str] = []
        signatures = _signatures(signatures)
        for left, signature in enumerate(signatures, 1 - len(signatures)):
            last = self._join(last, signature, () if left else groups)
        return last


# Where signatures begin. Generators: of most only the first id is asked for.


def _first(signature: Signature) -> Iterator[str]:
    """The ids of the tasks that a signature begins with."""
    parts = signature.get("kwargs") or {}
    match signature.get("subtask_type"):
        case "group":
            yield from _abreast(parts.get("tasks"))
        case "chain":
            yield from _in_a_row(parts.get("tasks"))
        case "chord":
            header = parts.get("header")
            yield from _first(header) if isinstance(header, Mapping) else _abreast(header)
        case _:
            task_id = (signature.get("options") or {}).get("task_id")
            if task_id is not None:
                yield task_id


def _abreast(signatures: Any) -> Iterator[str]:
    for each in _signatures(signatures):
        yield from _first(each)


def _in_a_row(signatures: Any) -> Iterator[str]:
    """Those of the first one that has an id."""
    for each in _signatures(signatures):
        known = False
        for task_id in _first(each):
            known = True
            yield task_id
        if known:
            return


def _behind(options: Mapping[str, Any]) -> Iterator[str]:
    chain = [*reversed(options.get("chain") or ())]
    yield from _in_a_row([*chain, options["chord"]] if options.get("chord") else chain)


def _signatures(signatures: Any) -> Sequence[Signature]:
    """A generator is not looked into: it can be read but once, and that is Celery's to do."""
    return signatures if isinstance(signatures, (list, tuple)) else ()
