"""How large an event may be: each of its texts and values, and all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Characters of a text for people: a line, a message.
MAX_TEXT = 16 * 1024

#: Characters of a word for programs: a state, an error's code.
MAX_WORD = 255

#: Bytes of a result, of data or of the paths of files, as JSON.
MAX_VALUE_BYTES = 256 * 1024

#: Bytes of all members of an event. What identifies it comes on top: ids, the task's name, its state.
MAX_EVENT_BYTES = 512 * 1024

#: Members that may be left out; then the event says so by a member of the name, with ``_omitted``.
_OMISSIBLE = ("result", "data", "files")


def is_too_large(encoded: str) -> bool:
    """Whether a value is, as JSON."""
    return size_of(encoded) > MAX_VALUE_BYTES


def bounded(members: Mapping[str, str]) -> dict[str, str]:
    """The members, by name and as JSON, without the largest where all of them are too many bytes."""
    found = dict(members)
    while sum(map(size_of, found.values())) > MAX_EVENT_BYTES:
        left = [name for name in _OMISSIBLE if name in found]
        if not left:
            break
        largest = max(left, key=lambda name: size_of(found[name]))
        del found[largest]
        found[f"{largest}_omitted"] = "true"
    return found


def size_of(encoded: str) -> int:
    """Bytes of a text in UTF-8."""
    return len(encoded) if encoded.isascii() else len(encoded.encode())
