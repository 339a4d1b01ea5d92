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
        found.append(Canvas(headers["id"], body[2], headers["group_index"]))

    before_task_publish.connect(hear, weak=False)
    try:
        signature.apply_async()
    finally:
        before_task_publish.disconnect(hear)
    return found


Shape = list[tuple[int | None, list[int]]]


def shape(canvas: Canvas) -> Shape:
    """Of the task itself and of each that waits: the place of who waits for it, and of those beside it."""
    places = {task_id: place for place, task_id in enumerate(canvas.waiting, 1)}
    rows = [(canvas.next, ()), *((each.next, each.beside) for each in canvas.waiting.values())]
    return [(places.get(after), [places[each] for each in beside]) for after, beside in rows]


def row(*places: int | None) -> Shape:
    """The shape of a canvas without a group."""
    return [(place, []) for place in places]


def test_a_single_task(job: Any) -> None:
    (canvas,) = sent(job)
    assert shape(canvas) == row(None)


def test_a_chain(job: Any) -> None:
    (canvas,) = sent(chain(job, job, job))
    assert shape(canvas) == row(1, 2, None)
    assert {waiting.name for waiting in canvas.waiting.values()} == {"job"}


def test_the_ids_are_those_that_the_sender_has(job: Any) -> None:
    signature = chain(job, job)
    result: Any = signature.freeze()
    (canvas,) = sent(signature)
    assert list(canvas.waiting) == [result.id]
    assert canvas.next == result.id


def test_a_chord(job: Any) -> None:
    """The body is told with the first of the header, and named by each."""
    first, second = sent(chord([job, job], job))
    assert shape(first) == row(1, None)
    assert not second.waiting
    assert first.next == second.next != ""


def test_a_chord_of_chains_with_a_chain_as_body(job: Any) -> None:
    single, chained = sent(chord([job, chain(job, job)], chain(job, job)))
    assert shape(single) == row(1, 2, None)
    assert shape(chained) == row(1, None)
    assert single.next == chained.waiting[chained.next].next


def test_a_group_in_a_chain(job: Any) -> None:
    """Celery makes a chord of it, whose header is sent later, too."""
    (canvas,) = sent(chain(job, group(job, job), job, job))
    assert shape(canvas) == [(1, []), (3, [2]), (3, []), (4, []), (None, [])]


def test_a_group_at_the_end_of_a_chain(job: Any) -> None:
    (canvas,) = sent(chain(job, group(job, chain(job, job))))
    assert shape(canvas) == [(1, []), (None, [2]), (3, []), (None, [])]


def test_a_chord_in_a_chord_in_a_chain(job: Any) -> None:
    (canvas,) = sent(chain(job, chord([job, chord([job, job], job)], job), job))
    first = canvas.waiting[canvas.next]
    assert len(first.beside) == 2
    assert len(canvas.waiting) == 6
    waited_for = {each.next for each in canvas.waiting.values()} | {canvas.next, *first.beside}
    assert waited_for == {*canvas.waiting, ""}


def test_a_group_as_body(job: Any) -> None:
    first, second = sent(chord([job, job], group(job, job)))
    assert shape(first) == [(1, []), (None, [2]), (None, [])]
    assert first.next == second.next
    assert not second.waiting


def test_a_canvas_of_groups_names_each_task_once(job: Any) -> None:
    """Celery's messages grow with the square of the group; what is told of them does not."""
    width = 30
    first, *others = sent(chain(*(group(job for _ in range(width)) for _ in range(3)), job))
    assert len(others) == width - 1
    assert [len(canvas.waiting) for canvas in others] == [0] * len(others)
    assert {canvas.next for canvas in others} == {first.next}
    named = [each for waiting in first.waiting.values() for each in waiting.beside]
    assert len(named) == len(set(named)) == 2 * (width - 1)
    assert len(first.waiting) == 2 * width + 1


def test_what_follows_all_chains_of_a_group_is_told_with_the_first(job: Any) -> None:
    first, *others = sent(chord([chain(job, job) for _ in range(5)], group(job for _ in range(5))))
    assert len(first.waiting) == 1 + 5
    assert [len(canvas.waiting) for canvas in others] == [1] * 4
    behind = {waiting.next for canvas in (first, *others) for waiting in [canvas.waiting[canvas.next]]}
    assert len(behind) == 1
    assert behind <= set(first.waiting)


def test_a_very_long_chain_is_told_in_part(job: Any) -> None:
    (canvas,) = sent(chain(*[job] * (MAX_WAITING + 10)))
    assert len(canvas.waiting) == MAX_WAITING


def test_a_signature_without_an_id_hides_nothing() -> None:
    nameless = {"task": "job", "kwargs": {}, "options": {}}
    known = {"task": "job", "kwargs": {}, "options": {"task_id": "known"}}
    assert Canvas("first", {"chain": [known, nameless]}).next == "known"


def groups(signature: Any) -> list[list[tuple[str, ...]]]:
    """Of each message: the groups of all that wait."""
    return [[waiting.groups for waiting in canvas.waiting.values()] for canvas in sent(signature)]


def test_members_are_of_the_group_whose_id_the_caller_holds(job: Any) -> None:
    """Their messages will name the first group."""
    signature = chain(group(job, job), group(job, job))
    held: Any = signature.freeze()
    first, second = groups(signature)
    assert first == [(held.id,)] * 2
    assert second == []


def test_only_the_last_link_is_a_member(job: Any) -> None:
    signature = group(chain(job, job, job), job)
    held: Any = signature.freeze()
    assert groups(signature) == [[(), (held.id,)], []]


def test_of_a_chord_its_body_is_a_member(job: Any) -> None:
    signature = group(chain(job, chord([job, job], job)), job)
    held: Any = signature.freeze()
    (first, second, body), _ = groups(signature)
    assert body == (held.id,)
    assert first == second != body


def test_a_group_in_a_group_has_both(job: Any) -> None:
    outer = group(chain(job, group(job, job)), job)
    held: Any = outer.freeze()
    assert groups(outer)[0] == [(held.results[0].id, held.id)] * 2


def test_sizes_of_groups_that_wait(job: Any) -> None:
    new = job.clone
    second = group(new(), chain(new(), new()), new())
    (canvas,) = sent(chain(new(), second, group(new(), new()), new()))
    assert sorted(canvas.sizes.values()) == [2, 3]


def test_a_group_of_which_not_all_is_told_has_no_size(job: Any) -> None:
    (canvas,) = sent(chain(job, group(job for _ in range(MAX_WAITING + 10))))
    assert len(canvas.waiting) == MAX_WAITING
    assert canvas.sizes == {}
