"""What a message has to follow, read from what Celery really sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery, chain, chord, group
from celery.signals import before_task_publish

from taskbeam.celery.canvas import MAX_WAITING, Canvas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery.canvas import Signature


@pytest.fixture
def app() -> Iterator[Celery]:
    made: Any = Celery("canvas", broker="memory://", backend="cache+memory://", set_as_current=False)
    made.task(name="job", shared=False)(_job)
    yield made
    made.close()


def _job() -> None:
    """Is sent, and never run."""


@pytest.fixture
def job(app: Celery) -> Signature:
    return app.signature("job", immutable=True)


def sent(signature: Any) -> list[Canvas]:
    """The canvas of each message that sending makes."""
    found: list[Canvas] = []

    def hear(headers: dict[str, Any], body: Any, **_: Any) -> None:
        found.append(Canvas(headers["id"], body[2]))

    before_task_publish.connect(hear, weak=False)
    try:
        signature.apply_async()
    finally:
        before_task_publish.disconnect(hear)
    return found


def shape(canvas: Canvas) -> list[list[int]]:
    """For the task itself and for each that waits, in order: the places of those that wait for it."""
    places = {task_id: place for place, task_id in enumerate(canvas.waiting, 1)}
    return [
        [places[each] for each in ids] for ids in (canvas.next, *(w.next for w in canvas.waiting.values()))
    ]


def test_a_single_task(job: Any) -> None:
    (canvas,) = sent(job)
    assert shape(canvas) == [[]]


def test_a_chain(job: Any) -> None:
    (canvas,) = sent(chain(job, job, job))
    assert shape(canvas) == [[1], [2], []]
    assert {waiting.name for waiting in canvas.waiting.values()} == {"job"}


def test_the_ids_are_those_that_the_sender_has(job: Any) -> None:
    signature = chain(job, job)
    result: Any = signature.freeze()
    (canvas,) = sent(signature)
    assert list(canvas.waiting) == [result.id]
    assert result.parent.id in canvas
    assert result.id in canvas
    assert "another" not in canvas


def test_a_chord(job: Any) -> None:
    first, second = sent(chord([job, job], job))
    assert shape(first) == shape(second) == [[1], []]
    assert first.next == second.next


def test_a_chord_of_chains_with_a_chain_as_body(job: Any) -> None:
    single, row = sent(chord([job, chain(job, job)], chain(job, job)))
    assert shape(single) == [[1], [2], []]
    assert shape(row) == [[1], [2], [3], []]
    assert single.next == row.waiting[row.next[0]].next


def test_a_group_in_a_chain(job: Any) -> None:
    """Celery makes a chord of it, whose header is sent later, too."""
    (canvas,) = sent(chain(job, group(job, job), job, job))
    assert shape(canvas) == [[1, 2], [3], [3], [4], []]


def test_a_group_at_the_end_of_a_chain(job: Any) -> None:
    (canvas,) = sent(chain(job, group(job, chain(job, job))))
    assert shape(canvas) == [[1, 2], [], [3], []]


def test_a_chord_in_a_chord_in_a_chain(job: Any) -> None:
    (canvas,) = sent(chain(job, chord([job, chord([job, job], job)], job), job))
    head, *_ = shape(canvas)
    assert len(head) == 3
    assert len(canvas.waiting) == 6
    waited_for = {each for waiting in canvas.waiting.values() for each in waiting.next} | {*canvas.next}
    assert waited_for == set(canvas.waiting)


def test_a_group_as_body(job: Any) -> None:
    assert [shape(canvas) for canvas in sent(chord([job, job], group(job, job)))] == [[[1, 2], [], []]] * 2


def test_a_very_long_chain_is_told_in_part(job: Any) -> None:
    (canvas,) = sent(chain(*[job] * (MAX_WAITING + 10)))
    assert len(canvas.waiting) == MAX_WAITING


def test_a_signature_without_an_id_hides_nothing() -> None:
    nameless = {"task": "job", "kwargs": {}, "options": {}}
    known = {"task": "job", "kwargs": {}, "options": {"task_id": "known"}}
    assert Canvas("first", {"chain": [known, nameless]}).next == ["known"]
