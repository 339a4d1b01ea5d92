"""Whether an end is wanted: the rule as a table, and what a person may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from taskbeam.gateway.settings import GatewaySettings
from taskbeam.journal.events import EventId
from taskbeam.journal.labels import Labels
from taskbeam.notifications.ended import Ended
from taskbeam.notifications.members import End
from taskbeam.notifications.preferences import Preference, is_wanted, whose
from taskbeam.notifications.target import Kind, Target
from taskbeam.notifications.task_pattern import TaskPattern, fits

END = End(EventId(17, 3), "a-task")


def target(kind: Kind = "push", owner: str | None = "ada") -> Target:
    return Target(id=f"{kind}_a", kind=kind, owner=owner, url="https://a.example/", every=True, created=0.0)


def ended(
    state: str, code: str = "task_failed", *, asked: bool = False, name: str | None = "reports.make"
) -> Ended:
    event = {"state": state, "name": name} | ({} if state == "SUCCESS" else {"error": {"code": code}})
    return Ended(END, event, Labels(owner="ada"), ("push_a",) if asked else ())


def said(*rows: str) -> list[Preference]:
    """Each is a channel, tasks, and what to tell of them."""
    members = ("channel", "tasks", "tell")
    return [Preference.model_validate(dict(zip(members, row.split(), strict=True))) for row in rows]


NONE, FAILURES, ALL = "* * none", "* * failures", "* * all"


@pytest.mark.parametrize(
    ("preferences", "end", "wanted"),
    [
        # Whoever says nothing hears everything.
        ([], ended("SUCCESS"), True),
        ([NONE], ended("FAILURE"), False),
        ([ALL], ended("SUCCESS"), True),
        # A failure is what nobody wanted.
        *(([FAILURES], ended(state), True) for state in ("FAILURE", "REJECTED", "LOST")),
        *(([FAILURES], ended(state), False) for state in ("SUCCESS", "IGNORED")),
        ([FAILURES], ended("REVOKED", "revoked"), False),
        ([FAILURES], ended("REVOKED", "expired"), True),
        ([FAILURES], ended("REVOKED", "not_sent"), True),
        # To ask for one task is stronger than to want failures, and weaker than to want nothing.
        ([FAILURES], ended("SUCCESS", asked=True), True),
        ([NONE], ended("SUCCESS", asked=True), False),
        ([NONE], ended("FAILURE", asked=True), False),
        # Channels and names.
        (["push * none"], ended("SUCCESS"), False),
        (["webhook * none"], ended("SUCCESS"), True),
        (["* reports.make none"], ended("SUCCESS"), False),
        (["* reports.* none"], ended("SUCCESS"), False),
        (["* reports none"], ended("SUCCESS"), True),
        (["* mails.* none"], ended("SUCCESS"), True),
        (["* * none"], ended("SUCCESS", name=None), False),
        (["* reports.* none"], ended("SUCCESS", name=None), True),
        # The first that fits decides, also where a later one is closer.
        (["* reports.make all", NONE], ended("SUCCESS"), True),
        ([NONE, "* reports.make all"], ended("SUCCESS"), False),
        (["webhook * all", "push reports.* failures", NONE], ended("SUCCESS"), False),
        (["webhook * none", "push reports.* failures", NONE], ended("FAILURE"), True),
    ],
)
def test_what_is_wanted(preferences: list[str], end: Ended, wanted: bool) -> None:
    assert is_wanted(target(), end, said(*preferences), ()) is wanted


@pytest.mark.parametrize(
    ("critical", "wanted"), [("reports.make", True), ("reports.*", True), ("*", True), ("reports", False)]
)
def test_no_preference_silences_what_is_critical(critical: str, wanted: bool) -> None:
    for asked in (True, False):
        assert is_wanted(target(), ended("SUCCESS", asked=asked), said(NONE), ["x", critical]) is wanted


@pytest.mark.parametrize(
    ("one", "owner"),
    [
        (target(), "ada"),
        (target("webhook"), "ada"),
        (target("webhook", None), None),
        (target(owner="push_a"), None),
    ],
)
def test_whose_preferences_a_target_heeds(one: Target, owner: str | None) -> None:
    assert whose(one) == owner


@pytest.mark.parametrize(
    ("pattern", "name", "fit"),
    [
        ("*", "", True),
        ("*", "a", True),
        ("a*", "a", True),
        ("a*", "ab", True),
        ("a*", "ba", False),
        ("a", "a", True),
        ("a", "ab", False),
        ("a", "A", False),
        ("a.*", "a", False),
        ("", "a", False),
    ],
)
def test_which_names_a_pattern_means(pattern: str, name: str, fit: bool) -> None:
    assert fits(pattern, name) is fit


PATTERN: TypeAdapter[str] = TypeAdapter(TaskPattern)


@pytest.mark.parametrize("pattern", ["*", "a", "reports.*", "Größe", "a" * 255])
def test_what_is_a_pattern(pattern: str) -> None:
    assert PATTERN.validate_python(pattern) == pattern


@pytest.mark.parametrize(
    "pattern", ["", "a" * 256, "*.make", "a*b", "**", "a*b*", " a", "a ", "a\nb", "a\x00", 7, None]
)
def test_what_is_none(pattern: Any) -> None:
    with pytest.raises(ValidationError):
        PATTERN.validate_python(pattern)
    with pytest.raises(ValidationError):
        GatewaySettings(critical_tasks=("reports.*", pattern))
