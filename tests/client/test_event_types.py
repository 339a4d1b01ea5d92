"""The events as types of the Python client, of the JavaScript client and of AsyncAPI: they say the same."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from typing import Any

import pytest

from taskbeam.contract import events as contract
from taskbeam.contract.events import feed_event
from tests.support.asyncapi import SCHEMAS
from tests.support.gateway import ROOT

CONTRACT = (ROOT / "frontend" / "client" / "contract.js").read_text()

#: AsyncAPI's name of each, with the Python types and those of contract.js whose members it has altogether.
TYPES: dict[str, tuple[tuple[type[Any], ...], tuple[str, ...]]] = {
    "TaskEvent": (
        (contract.StateEvent, contract.ProgressEvent, contract.LogEvent, contract.DataEvent),
        ("Told", "StateEvent", "ProgressEvent", "LogEvent", "DataEvent", "NothingKnown"),
    ),
    "TaskOutput": ((contract.OutputEvent,), ("Told", "OutputEvent")),
    "TaskGap": ((contract.GapEvent,), ("GapEvent",)),
    "FeedEvent": ((contract.FeedEvent, contract.RollupEvent), ("FeedEvent",)),
    "FeedGap": ((contract.GapEvent,), ("FeedGap",)),
    "TaskProgress": ((contract.Progress,), ("Progress",)),
    "TaskError": ((contract.TaskFault,), ("TaskFault",)),
    "TaskRetry": ((contract.Retry,), ()),
    "TaskEstimate": ((contract.Estimate,), ("Estimate",)),
    "TaskStep": ((contract.Step,), ("Step",)),
    "OutputText": ((contract.Output,), ("Written",)),
    "GapReason": ((contract.Gap,), ()),
    "Rollup": ((), ("Rollup",)),
}

#: What a type has because it stands for another schema, too.
BESIDE = {
    "TaskOutput": {"dropped", "files", "files_omitted", "steps", "steps_omitted", "source", "known"},
    "TaskGap": {"feed"},
    "FeedGap": {"task_id", "source"},
}

#: What contract.js says in a type of its own: `TextSoFar` has none of these, `NothingKnown` all.
ELSEWHERE = {"TaskOutput": {"id", "ts"}, "TaskEvent": {"known", "source"}}


def python_members(kinds: tuple[type[Any], ...]) -> dict[str, bool]:
    """Their names, and whether an event of each kind must have them."""
    found = [{each.name: each.default is MISSING for each in fields(kind)} for kind in kinds]
    return {name: all(each.get(name) for each in found) for name in set().union(*found) - {"raw"}}


def javascript_members(names: tuple[str, ...]) -> dict[str, bool]:
    """The same of what contract.js defines by these names."""
    found: dict[str, bool] = {}
    for block in re.findall(r"/\*\*(.*?)\*/", CONTRACT, re.DOTALL):
        for typedef in re.split(r"@typedef ", block)[1:]:
            name, members = _typedef(typedef)
            if name in names:
                found |= members
    return found


def _typedef(text: str) -> tuple[str, dict[str, bool]]:
    """One definition: an object with `@property` lines, or one in braces."""
    start, depth = text.index("{"), 0
    for end in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            break
    inside, rest = text[start + 1 : end], text[end + 1 :]
    name = rest.split()[0]
    if inside == "object":
        said = re.findall(r"@property \{.+?\} (\[?\w+\]?)(?= |$)", rest, re.MULTILINE)
        return name, {each.strip("[]"): "[" not in each for each in said}
    own = inside[inside.index("{") + 1 :] if "{" in inside else ""
    while (flat := re.sub(r"\{[^{}]*\}", "", own)) != own:
        own = flat
    return name, {member: not optional for member, optional in re.findall(r"(\w+)(\??):", own)}


@pytest.mark.parametrize("schema", TYPES)
def test_all_have_the_same_members(schema: str) -> None:
    kinds, names = TYPES[schema]
    promised = set(SCHEMAS[schema]["properties"])
    beside = BESIDE.get(schema, set())
    if kinds:
        assert set(python_members(kinds)) - beside == promised - {"type"}  # which the class says
    if names:
        assert set(javascript_members(names)) - beside == promised


@pytest.mark.parametrize("schema", TYPES)
def test_nothing_is_needed_that_may_be_absent(schema: str) -> None:
    kinds, names = TYPES[schema]
    always = set(SCHEMAS[schema].get("required", ())) | ELSEWHERE.get(schema, set())
    for needed in (python_members(kinds), javascript_members(names)):
        assert {name for name, must in needed.items() if must} <= always


def test_all_know_the_same_types() -> None:
    promised = {*SCHEMAS["TaskEvent"]["properties"]["type"]["enum"], "output", "gap"}
    assert {*contract._KINDS, "gap"} == promised
    assert set(re.findall(r'type: "(\w+)"', CONTRACT)) - {"gap"} == promised - {"gap"}
    assert '@property {"gap"} type' in CONTRACT


def test_an_event_of_the_counts_alone_is_one() -> None:
    body = {"id": "1-1", "feed": "group:g", "type": "rollup", "rollup": {"total": 3}}
    assert feed_event(body) == contract.RollupEvent(feed="group:g", rollup={"total": 3}, id="1-1", raw=body)
