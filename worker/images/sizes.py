"""Which sizes are made of a picture."""

from typing import NamedTuple

#: The longer edge of each size in pixels, smallest first: that one is seen first, too.
BOUNDS = (160, 400, 800, 1200, 1600, 2400)


class Size(NamedTuple):
    """Pixels."""

    width: int
    height: int


def sizes_of(original: Size) -> list[Size]:
    """Return what to make of a picture, smallest first: its shape is kept, and nothing is enlarged."""
    return list(dict.fromkeys(within(original, bound) for bound in BOUNDS))


def within(original: Size, bound: int) -> Size:
    """Return the size in which the longer edge has at most ``bound`` pixels."""
    longer = max(original)
    if longer <= bound:
        return original
    return Size(*(max(1, round(edge * bound / longer)) for edge in original))
