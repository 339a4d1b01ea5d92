"""Puts what was measured into a document, between the marks that it has for it."""

from __future__ import annotations

import re


def fill(document: str, parts: dict[str, str]) -> str:
    """Replace what stands between ``<!-- name -->`` and ``<!-- /name -->`` by each named part.

    Raises `LookupError` when a part has no such marks.
    """
    for name, part in parts.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not marks.search(document):
            raise LookupError(f"no marks for {name}")
        document = marks.sub(lambda found, part=part: f"{found[1]}\n{part}\n\n{found[2]}", document)  # type: ignore[misc]
    return document
