"""What is decided without asking anybody: members, verdicts, whom a target is told of, its health."""

from __future__ import annotations

import pytest

from taskbeam.journal.events import EventId
from taskbeam.journal.labels import Labels
from taskbeam.notifications.ended import Ended
from taskbeam.notifications.health import LONG_FAILING, Health
from taskbeam.notifications.members import Due, End, Message, read_due
from taskbeam.notifications.outcome import PUSH, WEBHOOK, Rules, Verdict
from taskbeam.notifications.target import Filter, Target
from taskbeam.outgoing.answer import Answer

END = End(EventId(17, 3), "some task: 1\n2")


@pytest.mark.parametrize("due", [END, Message("webhook_x-_9", END), Message("webhook_x", END, replayed=True)])
def test_a_member_is_read_as_it_was_written(due: Due) -> None:
    assert read_due(str(due)) == due


@pytest.mark.parametrize(
    "text", ["", "end", "end 17-3", "end x y", "to a", "to a 17-3", "to a x y", "from a b c"]
)
def test_what_is_no_member(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_due(text)


def test_a_message_has_one_id_of_its_own() -> None:
    message = Message("webhook_x", END)
    others = [
        Message("webhook_y", END),
        Message("webhook_x", End(EventId(17, 4), END.task_id)),
        Message("webhook_x", End(END.id, "other")),
    ]
    assert message.id == Message("webhook_x", END).id == Message("webhook_x", END, replayed=True).id
    assert len({message.id, *(other.id for other in others)}) == 4
    assert "." not in message.id


@pytest.mark.parametrize(
    ("rules", "status", "verdict"),
    [
        *((rules, status, Verdict.SENT) for rules in (WEBHOOK, PUSH) for status in (200, 201, 202, 204)),
        *(
            (rules, status, Verdict.AGAIN)
            for rules in (WEBHOOK, PUSH)
            for status in (0, 301, 302, 307, 308, 408, 418, 429, 500, 502, 503)
        ),
        *((WEBHOOK, status, Verdict.AGAIN) for status in (400, 401, 403, 404, 413)),
        (WEBHOOK, 410, Verdict.DISABLE),
        (PUSH, 404, Verdict.FORGET),
        (PUSH, 410, Verdict.FORGET),
        (PUSH, 400, Verdict.DROP),
        (PUSH, 413, Verdict.DROP),
        (PUSH, 401, Verdict.ALARM),
        (PUSH, 403, Verdict.ALARM),
    ],
)
def test_what_an_answer_means(rules: Rules, status: int, verdict: Verdict) -> None:
    assert rules.judge(Answer(status)) is verdict


def test_the_pauses_follow_the_schedule_and_end() -> None:
    def pause(tries: int, retry_after: float | None = None) -> float | None:
        return WEBHOOK.pause(tries, Answer(503, retry_after=retry_after), uniform=max)

    assert [pause(tries) for tries in (1, 2, 9, 10)] == [5 * 1.1, 300 * 1.1, 86400 * 1.1, None]
    assert [pause(1, 3), pause(1, 60), pause(1, 1e9)] == [5 * 1.1, 60, 86400]
    for _ in range(100):
        assert 4.5 <= (WEBHOOK.pause(1, Answer(500)) or 0) <= 5.5


def target(**members: object) -> Target:
    given = {"id": "webhook_a", "kind": "webhook", "owner": "ada", "url": "https://a.example/", "every": True}
    return Target.model_validate(given | {"created": 0.0} | members)


def ended(state: str = "FAILURE", owner: str | None = "ada", asked_by: tuple[str, ...] = ()) -> Ended:
    labels = Labels(owner=owner, tags=("nightly", "b"))
    return Ended(END, {"state": state, "name": "reports.generate", "ts": 1.5}, labels, asked_by)


@pytest.mark.parametrize(
    ("one", "event", "told"),
    [
        (target(), ended(), True),
        (target(), ended(owner="bob"), False),
        (target(), ended(owner=None), False),
        (target(owner=None), ended(owner="bob"), True),
        (target(owner=None), ended(owner=None), True),
        (target(every=False), ended(), False),
        (target(every=False), ended(asked_by=("webhook_a",)), True),
        (target(every=False, owner="bob"), ended(asked_by=("webhook_a",)), True),
        (target(disabled="HTTP 410"), ended(asked_by=("webhook_a",)), False),
        (target(wanted=Filter(states=frozenset({"FAILURE"}))), ended(), True),
        (target(wanted=Filter(states=frozenset({"FAILURE"}))), ended("SUCCESS"), False),
        (target(wanted=Filter(names=("reports.*",))), ended(), True),
        (target(wanted=Filter(names=("reports",))), ended(), False),
        (target(wanted=Filter(tags=frozenset({"b", "c"}))), ended(), True),
        (target(wanted=Filter(tags=frozenset({"c"}))), ended(), False),
        (target(wanted=Filter(states=frozenset())), ended(), False),
        # Asked for this task alone, it is told whatever it wants of the others.
        (target(wanted=Filter(states=frozenset())), ended(asked_by=("webhook_a",)), True),
    ],
)
def test_whom_a_target_is_told_of(one: Target, event: Ended, told: bool) -> None:
    assert one.is_told(event) is told


def test_a_target_is_given_up_after_days_without_one_success() -> None:
    health = Health().refused(10, "HTTP 500")
    assert (health.failed, health.error, health.failing_since) == (10, "HTTP 500", 10)
    health = health.refused(20, "HTTP 502")
    assert (health.failed, health.error, health.failing_since) == (20, "HTTP 502", 10)
    assert not health.is_given_up(10 + LONG_FAILING - 1)
    assert health.is_given_up(10 + LONG_FAILING)
    health = health.taken(30)
    assert (health.sent, health.error, health.is_given_up(10 + LONG_FAILING)) == (30, "HTTP 502", False)
