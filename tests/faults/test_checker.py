"""The checker finds what is wrong with what a client was told, and nothing where nothing is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .account import Account, Id
from .checker import Findings, agreed, check, longest_silence
from .ledger import RETURNED, Ledger, Run

#: A run that said three words and came to its end.
DONE = {"a": Run("a", words=3, returned=True)}


def event(seq: int, *, epoch: int = 1, **more: Any) -> bytes:
    given = {"id": f"{epoch}-{seq}", "type": "state", "state": "STARTED", "final": False}
    return json.dumps(given | more).encode()


def word(seq: int, n: int, *, run: str = "a", **more: Any) -> bytes:
    return event(seq, type="data", data={"run": run, "n": n}, **more)


def words(seq: int, *numbers: int, epoch: int = 1) -> tuple[bytes, ...]:
    """From that id on."""
    return tuple(word(seq + place, n, epoch=epoch) for place, n in enumerate(numbers))


def gap(seq: int, reason: str = "trimmed", *, epoch: int = 1) -> bytes:
    return event(seq, epoch=epoch, type="gap", gap={"after": "1-1", "reason": reason})


def end(seq: int, state: str = "SUCCESS", *, run: str = "a", **more: Any) -> bytes:
    if state == "SUCCESS":
        more["result"] = {"run": run}
    else:
        more.setdefault("error", {"code": "worker_lost"})
    return event(seq, state=state, final=True, **more)


def account(*bodies: bytes) -> Account:
    """Told a body a second."""
    made = Account("sse", "task")
    for at, body in enumerate(bodies):
        made.hear(body, float(at))
    return made


def met(*bodies: bytes, runs: dict[str, Run] = DONE) -> dict[str, Any]:
    """What a client met beside the usual."""
    one = account(*bodies)
    found = check(one, runs, agreed((), [one]))
    usual = Findings(clients=1, events=len(bodies), silence=found.silence)
    return {name: value for name, value in vars(found).items() if value != getattr(usual, name)}


WHOLE = (event(1), *words(2, 1, 2, 3), end(5))


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        (WHOLE, {}),
        # By their numbers.
        ((event(1), *words(3, 1, 2, 3), end(6)), {"lost": 1}),
        ((event(2), *words(3, 1, 2, 3), end(6)), {"lost": 1}),
        ((*WHOLE[:2], *WHOLE[1:]), {"twice": 2}),  # the id, and the word
        ((event(1), event(3), event(2), *words(4, 1, 2, 3), end(7)), {"lost": 1, "disorder": 1}),
        ((event(1), *words(1, 1, 2, 3, epoch=2), end(4, epoch=2)), {"disorder": 1}),
        # By their words, under numbers without a fault.
        ((event(1), word(2, 1), word(3, 3), end(4)), {"lost": 1}),
        ((event(1), word(2, 1), word(3, 2), end(4)), {"lost": 1}),
        ((event(1), end(2)), {"lost": 3}),
        ((*WHOLE[:4], word(5, 2), word(6, 3), end(7)), {"twice": 2}),
        # Told, so not lost.
        ((event(1), word(2, 1), word(3, 3, dropped=1), end(4)), {"dropped": 1}),
        ((event(1), word(2, 1), word(3, 2), end(4, dropped=1)), {"dropped": 1}),
        ((event(1), gap(3), word(4, 3), end(5)), {"gaps": 1}),
        ((event(1), word(2, 1), gap(4), end(5)), {"gaps": 1}),
        ((*WHOLE[:3], gap(0, "epoch", epoch=2), *words(1, 1, 2, 3, epoch=2), end(4, epoch=2)), {"gaps": 1}),
        ((*WHOLE[:3], gap(1, "epoch", epoch=1), *words(2, 1, 2, 3), end(5)), {"gaps": 1}),
        ((*WHOLE[:3], gap(1), *words(2, 1, 2, 3), end(5)), {"gaps": 1, "twice": 2}),
        # Ends.
        ((event(1), end(2, "LOST")), {"untrue": 1}),
        ((*WHOLE[:4], end(5, run="nobody")), {"untrue": 1}),
        (WHOLE[:4], {"endless": 1}),
    ],
)  # fmt: skip
def test_a_client(bodies: tuple[bytes, ...], expected: dict[str, int]) -> None:
    assert met(*bodies) == expected


def test_a_run_that_another_one_superseded_owes_nothing() -> None:
    runs = {"a": Run("a", words=9), "b": Run("b", words=1, returned=True)}
    assert met(event(1), word(2, 1), event(3), word(4, 1, run="b"), end(5, run="b"), runs=runs) == {}


def test_a_superseded_run_may_end_the_task() -> None:
    runs = {"a": Run("a", words=9, returned=True), "b": Run("b", words=5)}
    assert met(event(1), word(2, 1), event(3), word(4, 1, run="b"), end(5), runs=runs) == {}


def test_a_task_without_a_return_may_be_lost_and_may_not_succeed() -> None:
    runs = {"a": Run("a", words=1)}
    assert met(event(1), word(2, 1), end(3, "LOST"), runs=runs) == {}
    assert met(event(1), word(2, 1), end(3), runs=runs) == {"untrue": 1}
    failed = end(3, "FAILURE", error={"code": "task_failed"})
    assert met(event(1), word(2, 1), failed, runs=runs) == {"untrue": 1}


def test_a_problem_that_ends_a_client_is_shown_to_its_user() -> None:
    one = account(event(1))
    one.error = "unknown_task"
    assert check(one, DONE, agreed((), [one])).errors == {"unknown_task": 1}


def test_one_id_has_one_body_for_all_clients_and_for_the_journal() -> None:
    first, second = account(*WHOLE), account(*WHOLE[:3], word(4, 3, text="other"), WHOLE[4])
    bodies = agreed((), [first, second])
    assert [check(each, DONE, bodies).forks for each in (first, second)] == [0, 1]
    journal = [(Id(1, 4), 0)]
    bodies = agreed(journal, [first, second])
    assert [check(each, DONE, bodies).forks for each in (first, second)] == [1, 1]


def test_silence_does_not_count_while_the_client_is_away_by_its_own_will() -> None:
    one = account(event(1))
    one.hear(event(2), 10.0)
    assert longest_silence(one) == 10.0
    one.away = [(1.0, 4.0), (5.0, 7.0)]
    assert longest_silence(one) == 5.0


def test_the_findings_of_clients_add_up() -> None:
    total = Findings()
    total.add(Findings(clients=1, events=5, lost=2, silence=3.0))
    other = Findings(clients=1, events=1, silence=1.0)
    other.errors["expired"] += 1
    total.add(other)
    assert total == Findings(clients=2, events=6, lost=2, silence=3.0, errors=other.errors)


def test_the_ledger_has_what_each_run_did(tmp_path: Any) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.runs("task") == {}
    for run, said in (("a", 1), ("a", 2), ("b", 1), ("a", 3), ("b", RETURNED)):
        ledger.write("task", run, said)
    assert list(ledger.runs("task").values()) == [Run("a", 3), Run("b", 1, returned=True)]
