"""Which names somebody may use: each spelt out, or by its beginning."""

from __future__ import annotations


def allows(patterns: tuple[str, ...] | None, name: str) -> bool:
    """Whether one of the patterns, of which some end in ``*``, is this name; None allows all."""
    return patterns is None or any(
        name.startswith(each[:-1]) if each.endswith("*") else name == each for each in patterns
    )
