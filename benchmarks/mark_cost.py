"""What it costs that somebody may be told of an end: the append script with a mark, and without.

    python -m benchmarks.mark_cost [--quick] [--json FILE] [--markdown]

A process writes what a worker writes of a trivial task (it is sent, it begins, it ends), entry by entry, each
with a round trip. Counted is the CPU time of Redis: of the ends alone, where somebody has asked to be told
and where nobody has; and of the whole task that nobody asked about, beside the script without notifications.
"""

from __future__ import annotations

import random
import re
import sys
from hashlib import sha1
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import redis

from stack.valkey import Valkey
from taskbeam.journal import scripts
from taskbeam.journal.control_keys import ONE_SERVER
from taskbeam.journal.entry import Entry, Ran, Registration
from taskbeam.journal.keys import task_keys
from taskbeam.journal.limits import Limits

from . import command, machine
from .obtain import python_package
from .report import Report, side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskbeam.journal.scripts import Script

SUMMARY = "marks: CPU of Redis per end and per task, with somebody to be told and without"

#: What we promise: of an end with a mark, beside one without; of a task that nobody asked about, beside a
#: script that knows no notifications.
MARKED, UNASKED = 1.1, 1.03

FULL_TASKS, QUICK_TASKS = 50, 10
FULL_ROUNDS, QUICK_ROUNDS = 100, 2

TARGET_ID = "push_0123456789abcdefghij"


class Subject(NamedTuple):
    """Whose the tasks are, and who has asked to be told: of each of them, or of all of the owner's."""

    name: str
    script: Script
    owner: str = ""
    of_task: bool = False
    of_owner: bool = False


def without_marks() -> Script:
    """The append script as it would be if there were no notifications."""
    first = {part: _first_line(f"append/{part}.lua") for part in ("mark", "feeds")}
    text = scripts.APPEND.text.decode()
    mark = text[text.index(first["mark"]) : text.index(first["feeds"])]
    cut, reads = re.subn(r",\s*'notify'\)", ")", text.replace(mark, ""))
    assert reads == 1
    return scripts.Script(cut.encode(), sha1(cut.encode(), usedforsecurity=False).hexdigest())


def _first_line(part: str) -> str:
    return files(scripts.__package__).joinpath(part).read_text("utf-8").partition("\n")[0]


def entries(subject: Subject) -> Iterator[Entry]:
    """What is written of one task, from its birth to its end."""
    task_id, run, worker = str(uuid4()), uuid4().hex, "celery@worker-1"
    keys, limits = task_keys(task_id), Limits(expires=86_400)
    labels = {"owner": subject.owner} if subject.owner else {}
    if subject.of_task:
        labels["notify"] = TARGET_ID
    name, times, writer = "reports.generate", iter(range(1, 4)), uuid4().hex[:8]

    def entry(state: str, **members: object) -> Entry:
        given = {"keys": keys, "task_id": task_id, "type": "state", "state": state, "limits": limits}
        return Entry(**given | members, token=writer, number=next(times), life="0" * 16)  # type: ignore[arg-type]

    registration = Registration(runs_key=ONE_SERVER.runs(worker), row='{"name":"reports.generate"}')
    yield entry("PENDING", birth=True, name=name, labels=labels, queue=ONE_SERVER.queue("celery"))
    yield entry("STARTED", run=run, name=name, registration=registration)
    meta = f'{{"status": "SUCCESS", "result": 7, "traceback": null, "children": [], "task_id": "{task_id}"}}'
    yield entry(
        "SUCCESS",
        run=run,
        final=True,
        registration=registration,
        ran=Ran(0.01, ONE_SERVER.times(name)),
        name=name,
        meta=meta,
    )


class Server:
    """A Redis of our own, and a writer that waits for each answer."""

    def __init__(self, valkey: Valkey) -> None:
        self._pid = valkey.pid
        self._client = redis.Redis.from_url(valkey.url(1))

    def run(self, subject: Subject, tasks: int) -> tuple[float, float]:
        """CPU seconds of the server per task, and of that per end."""
        digest = self._client.script_load(subject.script.text.decode())
        if subject.of_owner:
            self._client.hset(ONE_SERVER.notify_asked, f"owner:{subject.owner}", 1)
        written = [list(entries(subject)) for _ in range(tasks)]
        began = machine.cpu_seconds(self._pid)
        self._append(digest, [entry for task in written for entry in task[:-1]])
        open_ = machine.cpu_seconds(self._pid)
        self._append(digest, [task[-1] for task in written])
        ended = machine.cpu_seconds(self._pid)
        marked = self._client.zcard(ONE_SERVER.notify_due)
        assert marked == (tasks if subject.of_task or subject.of_owner else 0), marked
        self._client.flushdb()
        return (ended - began) / tasks, (ended - open_) / tasks

    def _append(self, digest: str, written: Sequence[Entry]) -> None:
        for entry in written:
            keys = entry.script_keys()
            verdict, *_ = self._client.evalsha(digest, len(keys), *keys, *entry.script_args())
            assert verdict == b"appended", verdict


SUBJECTS = (
    Subject("of this task", scripts.APPEND, of_task=True),
    Subject("nobody", scripts.APPEND),
    Subject("no notifications", without_marks()),
    Subject("of all of the owner's", scripts.APPEND, owner="ada", of_owner=True),
    Subject("nobody, with an owner", scripts.APPEND, owner="ada"),
    Subject("no notifications, with an owner", without_marks(), owner="ada"),
)

#: What is compared: of the whole task or of its end, whose cost, beside whose, and what we promise.
CASES = (
    ("an end, with a mark for its task", 1, SUBJECTS[0], SUBJECTS[1], MARKED),
    ("an end, with a mark for its owner", 1, SUBJECTS[3], SUBJECTS[4], MARKED),
    ("a task that nobody asked about", 0, SUBJECTS[1], SUBJECTS[2], UNASKED),
    ("the same, with an owner", 0, SUBJECTS[4], SUBJECTS[5], UNASKED),
)


def measure(quick: bool) -> Report:
    """All take turns, in many short rounds: what else the machine does weighs on each alike."""
    tasks, rounds = (QUICK_TASKS, QUICK_ROUNDS) if quick else (FULL_TASKS, FULL_ROUNDS)
    costs: dict[str, list[tuple[float, float]]] = {subject.name: [] for subject in SUBJECTS}
    with Valkey() as valkey:
        server = Server(valkey)
        for subject in SUBJECTS:  # connections, scripts
            server.run(subject, QUICK_TASKS)
        for _ in range(rounds):
            for subject in random.sample(SUBJECTS, k=len(SUBJECTS)):
                costs[subject.name].append(server.run(subject, tasks))
    figures = [
        figure
        for case, place, ours, other, target in CASES
        for figure in side_by_side(
            {one.name: [each[place] for each in costs[one.name]] for one in (ours, other)},
            case=case,
            unit="µs",
            scale=1e6,
            target=None if quick else target,
        )
    ]
    return Report(figures, [", ".join(map(python_package, ("taskbeam", "redis")))])


if __name__ == "__main__":
    sys.exit(command.run("mark_cost", SUMMARY, measure))
