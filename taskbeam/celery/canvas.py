"""Which tasks wait for one that is sent: read from the signatures that its message carries.

A pure rule. Celery embeds what is to follow (the later links of a chain, a chord's body) in the message of
the first task; their ids are frozen there, so a client may know them long before they are sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

#: Waiting tasks that are told of one message; those beyond are told when they are sent.
MAX_WAITING = 1000

Signature = Mapping[str, Any]


class Waiting(NamedTuple):
    """A task that waits, and the ids of those that wait for it in turn."""

    name: str
    next: list[str]


class Ends(NamedTuple):
    """Where a piece of a canvas begins and where it ends, as task ids."""

    first: list[str]
    last: list[str]


class Canvas:
    """What follows one task. ``next``: the ids that wait for it itself; ``waiting``: all that wait, by id."""

    def __init__(self, task_id: str, embed: Mapping[str, Any]) -> None:
        """``embed``: the third part of a message's body (protocol 2), with ``chain`` and ``chord``."""
        self.next: list[str] = []
        self.waiting: dict[str, Waiting] = {}
        self._sent = task_id
        self._follow([task_id], embed)

    def __contains__(self, task_id: str) -> bool:
        return task_id == self._sent or task_id in self.waiting

    def _follow(self, last: list[str], options: Mapping[str, Any]) -> list[str]:
        """Lay out what options put behind tasks; returns where that ends."""
        for link in reversed(options.get("chain") or ()):  # the next one is the list's last
            last = self._join(last, link)
        if options.get("chord"):
            self._join(last, options["chord"])
        return last

    def _join(self, last: list[str], signature: Signature) -> list[str]:
        ends = self._lay(signature)
        for task_id in last:
            after = self.next if task_id == self._sent else self.waiting[task_id].next
            after += [each for each in ends.first if each not in after]
        # A signature without an id hides nothing: what comes behind it waits for the ones before.
        return ends.last or last

    def _lay(self, signature: Signature) -> Ends:
        parts = signature.get("kwargs") or {}
        match signature.get("subtask_type"):
            case "group":
                ends = self._abreast(parts.get("tasks"))
            case "chain":
                ends = self._in_a_row(parts.get("tasks"))
            case "chord":
                header = parts.get("header")
                ends = self._lay(header) if isinstance(header, Mapping) else self._abreast(header)
                if parts.get("body"):
                    ends = Ends(ends.first, self._join(ends.last, parts["body"]))
            case _:
                return self._single(signature)
        return Ends(ends.first, self._follow(ends.last, signature.get("options") or {}))

    def _single(self, signature: Signature) -> Ends:
        options = signature.get("options") or {}
        task_id = options.get("task_id")
        if task_id is None or task_id == self._sent or len(self.waiting) >= MAX_WAITING:
            return Ends([], [])
        if task_id in self.waiting:  # a chord's body, which each task of its header carries
            return Ends([task_id], [task_id])
        self.waiting[task_id] = Waiting(signature["task"], [])
        return Ends([task_id], self._follow([task_id], options))

    def _abreast(self, signatures: Any) -> Ends:
        ends = [self._lay(each) for each in _signatures(signatures)]
        return Ends([each for end in ends for each in end.first], [each for end in ends for each in end.last])

    def _in_a_row(self, signatures: Any) -> Ends:
        ends = Ends([], [])
        for signature in _signatures(signatures):
            ends = Ends(ends.first, self._join(ends.last, signature)) if ends.last else self._lay(signature)
        return ends


def _signatures(signatures: Any) -> Sequence[Signature]:
    """A generator is not looked into: it can be read but once, and that is Celery's to do."""
    return signatures if isinstance(signatures, (list, tuple)) else ()
