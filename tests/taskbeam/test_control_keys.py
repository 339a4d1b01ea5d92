"""The names of what belongs to no task: other versions use them, too, and a cluster has them in one slot."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis.crc import key_slot

from taskbeam.journal.control_keys import CLUSTER, ONE_SERVER, ControlKeys

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What is behind the prefix, by what is asked for.
NAMES = {
    "workers": "workers",
    "leases": "leases",
    "stalled": "stalled",
    "runs(a)": "runs:a",
    "queue(a)": "queue:a",
    "over(a)": "over:a",
    "taken(a)": "taken:a",
    "times(a)": "times:a",
    "schemas": "schemas",
    "cancelled": "cancelled",
    "revocations": "revocations",
    "api_keys": "api-keys",
    "api_keys_used": "api-keys:used",
    "audit": "audit",
    "ticket(a)": "ticket:a",
    "uses(a)": "uses:a",
    "idempotency(a)": "idempotency:a",
    "quota(a, a)": "quota:{a}:a",
    "census": "{census}:gateways",
    "census_full": "{census}:full",
    "census_held(a)": "{census}:held:a",
    "dashboard": "dashboard",
    "dashboard_tasks": "dashboard:tasks",
    "dashboard_rows": "dashboard:rows",
    "dashboard_kind(a)": "dashboard:kind:a",
    "news": "news",
    "dashboard_again(a)": "dashboard:again:a",
    "dashboard_owed": "dashboard:owed",
    "dashboard_history": "dashboard:history",
    "notify_due": "notify:due",
    "notify_tries": "notify:tries",
    "notify_targets": "notify:targets",
    "notify_targets_of(a)": "notify:owner:a",
    "notify_slots": "notify:slots",
    "notify_health": "notify:health",
    "notify_asked": "notify:asked",
    "notify_preferences": "notify:preferences",
    "notify_deliveries(a)": "notify:deliveries:a",
    "notify_given_up": "notify:given-up",
    "doctor(a)": "doctor:a",
}


def names(control: ControlKeys, part: str) -> Iterator[tuple[str, str]]:
    """Each name that there is, by how it is asked for, with the same part in all of them."""
    for member, found in inspect.getmembers(ControlKeys):
        if isinstance(found, property):
            yield member, getattr(control, member)
        elif inspect.isfunction(found) and not member.startswith("_"):
            parts = [part] * (len(inspect.signature(found).parameters) - 1)
            name = getattr(control, member)(*parts)
            yield f"{member}({', '.join(parts)})", name if isinstance(name, str) else name.base


def test_on_one_server_they_are_those_of_every_version() -> None:
    assert dict(names(ONE_SERVER, "a")) == {asked: f"taskbeam:{name}" for asked, name in NAMES.items()}
    assert ONE_SERVER.notify_targets_of(None) == "taskbeam:notify:all"
    queue = ONE_SERVER.queue("a")
    assert (queue.tickets, queue.withdrawn, queue.consumers) == (
        "taskbeam:queue:a:tickets",
        "taskbeam:queue:a:withdrawn",
        "taskbeam:queue:a:consumers",
    )


@pytest.mark.parametrize("part", ["a", "{b}", "}{", "a}b", "{}", ""])
def test_on_a_cluster_they_are_in_one_slot(part: str) -> None:
    found = [name for _, name in names(CLUSTER, part)]
    assert {key_slot(name.encode()) for name in found} == {key_slot(b"taskbeam")}
    assert len(set(found)) == len(NAMES)


def test_each_is_spelt_once() -> None:
    """Feeds are journals, and beside the tasks'."""
    package = Path(inspect.getfile(ControlKeys)).parents[1]
    spelt = [
        f"{path.relative_to(package)}:{node.lineno} {node.value}"
        for path in package.rglob("*.py")
        if path.name != "control_keys.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value.startswith(("taskbeam:", "{taskbeam}"))
    ]
    assert [each.rpartition(" ")[2] for each in spelt] == ["taskbeam:feed:"], spelt
