"""A picture's sizes keep its shape, never exceed it, and are never made twice."""

from hypothesis import given
from hypothesis import strategies as st

from worker.images.sizes import BOUNDS, Size, sizes_of

edges = st.integers(1, 20_000)


def test_a_photo_gets_all_sizes() -> None:
    assert sizes_of(Size(4000, 3000)) == [
        (160, 120),
        (400, 300),
        (800, 600),
        (1200, 900),
        (1600, 1200),
        (2400, 1800),
    ]


def test_a_small_picture_is_not_enlarged() -> None:
    assert sizes_of(Size(500, 250)) == [(160, 80), (400, 200), (500, 250)]
    assert sizes_of(Size(1, 1)) == [(1, 1)]


@given(edges, edges)
def test_every_picture(width: int, height: int) -> None:
    sizes = sizes_of(Size(width, height))
    assert len(set(sizes)) == len(sizes) <= len(BOUNDS)
    assert sizes == sorted(sizes)
    for size in sizes:
        assert 1 <= size.width <= width
        assert 1 <= size.height <= height
        assert max(size) <= BOUNDS[-1]
        # The shape is kept to the pixel.
        assert abs(size.width * height - size.height * width) <= max(width, height)
