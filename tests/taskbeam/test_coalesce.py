"""How much goes out of what is reported faster than anyone can look. Pure: the clock is the test's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from taskbeam.celery.coalesce import BURST, Coalescer

#: Seconds; a power of two, so that sums are exact.
INTERVAL = 0.125


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_after_a_pause_a_burst_goes_out_at_once() -> None:
    coalescer = Coalescer(INTERVAL, Clock())
    sent = [coalescer.take_in_time() for value in range(100) if coalescer.offer(value)]
    assert sent == list(range(BURST + 1))


def test_what_is_held_may_go_when_its_wait_is_over() -> None:
    clock = Clock()
    coalescer = Coalescer(INTERVAL, clock)
    while coalescer.offer("early"):
        coalescer.take_in_time()
    coalescer.offer("latest")
    assert coalescer.take_in_time() is None
    assert coalescer.wait() == INTERVAL
    clock.now += INTERVAL
    assert coalescer.wait() == 0
    assert coalescer.take_in_time() == "latest"
    assert coalescer.take_in_time() is None


def test_what_comes_before_a_transition_goes_early_and_is_paid_for_later() -> None:
    clock = Clock()
    coalescer = Coalescer(INTERVAL, clock)
    while coalescer.offer("early"):
        coalescer.take_in_time()
    before = coalescer.wait()
    assert coalescer.take() == "early"
    assert coalescer.wait() > before


@given(
    st.floats(0.0005, 0.05),
    st.lists(st.tuples(st.sampled_from(["task", "flusher", "both"]), st.integers(1, 60)), max_size=20),
)
def test_the_task_and_the_flusher_share_one_rate(pause: float, turns: list[tuple[str, int]]) -> None:
    """Whoever of the two looks, and how often: no more than a burst and one for each interval."""
    clock = Clock()
    coalescer = Coalescer(INTERVAL, clock)
    sent: list[tuple[float, int]] = []
    number = 0
    for who, times in turns:
        for _ in range(times):
            clock.now += pause
            number += 1
            if coalescer.offer(number) and who != "flusher":
                sent.append((clock.now, coalescer.take_in_time()))
            if who != "task" and (held := coalescer.take_in_time()) is not None:
                sent.append((clock.now, held))
    values = [value for _, value in sent]
    assert values == sorted(set(values))
    for first, (begin, _) in enumerate(sent):
        for count, (end, _) in enumerate(sent[first:], 1):
            assert count <= BURST + 1 + (end - begin) / INTERVAL + 1e-6
