"""Which groups a task is a member of, read from what Celery freezes into signatures. Pure rules.

Celery's ids are no identities. A message names one group, and in `chain(group, group)` the members of the
second one name the first. The id that the caller holds (`GroupResult.id`) stands only in the frozen signature
of the group, as its ``task_id``. Nor is every task a member whose message names a group: a chord's body names
that of its header, but has no ``group_index``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Signature = Mapping[str, Any]

#: What a request keeps of the group behind its own.
_MEMBERS = "taskbeam_members"


def groups_named(group: Any, place: Any) -> tuple[str, ...]:
    """Of a message or a signature that names a group, and its place in it."""
    return (group,) if isinstance(group, str) and place is not None else ()


def groups_sent(headers: Mapping[str, Any], sender: Any) -> tuple[str, ...]:
    """Of a task that is sent by the task whose request ``sender`` is; None: by no task.

    The last member of a group sends the group behind it. In the sender's own message that group has the id
    which the caller holds.
    """
    named = groups_named(headers.get("group"), headers.get("group_index"))
    if not named or not getattr(sender, "chord", None):
        return named
    members: dict[object, tuple[str, ...]] | None = sender.__dict__.get(_MEMBERS)
    if members is None:
        members = sender.__dict__[_MEMBERS] = _members_behind(sender.chord)
    return members.get(headers.get("id"), named)


def _members_behind(callback: Signature) -> dict[object, tuple[str, ...]]:
    """The groups of each task that is sent at once where the callback of a chord is a group."""
    if callback.get("subtask_type") != "group":
        return {}
    groups, members = groups_of_members(callback, ()), (callback.get("kwargs") or {}).get("tasks") or ()
    single = [member for member in members if not member.get("subtask_type")]
    return {(member.get("options") or {}).get("task_id"): groups for member in single}


def groups_of(signature: Signature) -> tuple[str, ...]:
    """Those that the result of a signature counts for: of a chain its last task's, of a chord its body's."""
    parts = signature.get("kwargs") or {}
    match signature.get("subtask_type"):
        case "chain" if last := _last(parts.get("tasks")):
            return groups_of(last)
        case "chord" if body := parts.get("body"):
            return groups_of(body)
        case "group":
            return _around(signature, parts)
    options = signature.get("options") or {}
    return groups_named(options.get("group_id"), options.get("group_index"))


def groups_of_members(signature: Signature, around: tuple[str, ...]) -> tuple[str, ...]:
    """Of the members of a group's signature; ``around``: the groups that it is laid out in."""
    own = (signature.get("options") or {}).get("task_id")
    around = around or _around(signature, signature.get("kwargs") or {})
    return tuple(dict.fromkeys((own, *around) if own else around))


def outermost(group: str | None, embed: Mapping[str, Any]) -> str | None:
    """The outermost group that a message names, by its header or in what it has to follow; None: none."""
    behind: Mapping[str, Any] | None = embed
    while behind:
        chain = behind.get("chain")
        following = (
            chain[0] if chain else behind.get("chord")
        )  # the chain's last one is the first of the list
        if not following:
            break
        group = next(reversed(groups_of(following)), group)
        behind = following.get("options")
    return group


def _around(signature: Signature, parts: Mapping[str, Any]) -> tuple[str, ...]:
    """Where a group is itself a member of one, its members name that one: the signature may not any more."""
    members = parts.get("tasks")
    if (signature.get("options") or {}).get("group_index") is None or not _last(members):
        return ()
    return groups_of(members[0])  # type: ignore[index]  # there is a last one


def _last(signatures: Any) -> Signature | None:
    """None of a generator: it can be read but once, and that is Celery's to do."""
    return signatures[-1] if isinstance(signatures, (list, tuple)) and signatures else None
