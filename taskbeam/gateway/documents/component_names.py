"""What the schemas of a task are called in a document's components. Pure."""

from __future__ import annotations

import re

#: Where a document has them.
COMPONENTS = "#/components/schemas/"

_OTHER_BYTES = re.compile(rb"[^A-Za-z0-9._]")


def part_of_name(name: str) -> str:
    """The name with each byte that a component's may not have as a dash and two hexadecimal digits.

    A dash is one of them, so that two names never become one, and two dashes may join such parts.
    """
    return _OTHER_BYTES.sub(lambda byte: b"-%02X" % ord(byte[0]), name.encode()).decode()


def payload_name(task_name: str, payload: str) -> str:
    """The component that is the type of a task's payload, such as ``exports.make--result``."""
    return f"{part_of_name(task_name)}--{payload}"


def definition_name(task_name: str, definition: str) -> str:
    """The component that is a definition of a task's schema."""
    return f"{part_of_name(task_name)}--defs--{part_of_name(definition)}"
