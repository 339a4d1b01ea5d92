"""Which sizes are made of a picture."""

from typing import NamedTuple

#: The longer edge of each size in pixels, largest first.
BOUNDS = (1600, 800, 400, 160)


class Size(NamedTuple):
    """Pixels."""

    width: int
    height: int


def sizes_of(original: Size) -> list[Size]:
    """Return what to make of a picture, largest first: its shape is kept, and nothing is enlarged."""
    return list(dict.fromkeys(_within(original, bound) for bound in BOUNDS))


def _within(original: Size, bound: int) -> Size:
    longer = max(original)
    if longer <= bound:
        return original
    return Size(*(max(1, round(edge * bound / longer)) for edge in original))
