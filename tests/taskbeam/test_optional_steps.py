"""What is optional never costs what is essential: each optional step of each script fails in turn.

The result is stored, Celery and the followers are told, the journal goes on, and the log says what failed.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import pytest

from taskbeam.celery.journal_backend import JournalBackend
from taskbeam.journal.entry import Ran, Registration
from taskbeam.journal.failed_steps import FailedSteps
from taskbeam.journal.limits import Limits
from taskbeam.presence.consumption import Consumption
from taskbeam.presence.lease import Lease
from tests.support.gateway import ROOT
from tests.support.redis_cluster import is_cluster_wanted
from tests.support.results import client_of, control, results_at, servers_of, writer_to

from .apps import results_app
from .conftest import DB
from .feed import Feed
from .journal import Journal
from .waiting import DEADLINE, ended, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import redis
    from celery import Celery
    from redis.connection import Connection

    from stack.valkey import Valkey
    from taskbeam.journal.writer import Writer

SCRIPT = "".join(path.read_text() for path in sorted((ROOT / "taskbeam/journal/append").glob("*.lua")))

#: What no event can be appended without: a head and a log, the time, Celery's result.
ESSENTIAL = {"HMGET", "HGET", "TIME", "DEL", "HSET", "RPUSH", "SET"}
GIVEN = re.findall(r"(?:redis\.p?call\(|optionally\((?:'[^']+'|\"[^\"]+\"), )'([A-Z]+)'", SCRIPT)
#: Of a feed that drops a task, and none of these lives has a full one; of a server in a cluster.
RARE = {"ZREM", "CLUSTER"}
OPTIONAL = sorted(set(GIVEN) - ESSENTIAL - RARE)
#: The look at who listens: without it all is published, which costs more, and nothing is lacking.
NOT_MISSED = "PUBSUB"

USER = "limited"


class Life(NamedTuple):
    """A task from its sending to its end, which takes every optional step, and another that is withdrawn."""

    task: Journal
    withdrawn: Journal
    queue: str
    name: str
    worker: str
    owner: str

    def feed(self, part: str, kind: str = "owner") -> str:
        return Feed(self.task.client, f"{kind}:{self.owner}").key(part)

    def lived(self) -> None:
        # Somebody is to be told of the ends.
        self.task.client.hset(control().notify_asked, f"owner:{self.owner}", 1)
        self._lives(self.task, success=True)
        self.withdrawn.send(queue=control().queue(self.queue))
        self.withdrawn.append("REVOKED", limits=None)

    def _lives(self, task: Journal, *, success: bool) -> None:
        registration = Registration(runs_key=control().runs(self.worker), row="row")
        limits = Limits(limit=3, expires=600)
        task.send(queue=control().queue(self.queue), limits=limits)
        task.append("STARTED", "a", registration=registration, limits=limits)
        for _ in range(5):
            task.say("a", limits=limits)  # the newest state falls out of the log
        for written in (1, 2):
            task.say("a", "output", text="x", units=1, written=written, limits=limits)
        task.append("PROGRESS", "a", "progress", limits=limits)  # and is none any more
        kept = Limits(limit=3, expires=0) if success else limits
        task.append(
            "SUCCESS",
            "a",
            ran=Ran(1.5, control().times(self.name)),
            name=self.name,
            registration=registration,
            limits=kept,
        )


@pytest.fixture
def life(client: redis.Redis) -> Iterator[Callable[..., Life]]:
    made: list[Writer] = []

    def begin(**options: Any) -> Life:
        writer = writer_to(client, **options)
        made.append(writer)
        names = [str(uuid4()) for _ in range(4)]
        labels = {"owner": names[3], "group": names[3], "tree": names[3]}
        one, other = (Journal(client, writer, labels=labels) for _ in range(2))
        return Life(one, other, *names)

    yield begin
    for writer in made:
        writer.close()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> FailedSteps:
    """What failed in this test."""
    fresh = FailedSteps()
    for module in ("journal.unanswered", "celery.untold_feeds"):
        monkeypatch.setattr(f"taskbeam.{module}.failed_steps", fresh)
    return fresh


def told(life: Life) -> None:
    """All that matters of both tasks was done."""
    with life.task.watched() as heard, life.withdrawn.watched() as heard_too:
        life.lived()
    for task, channel, end in ((life.task, heard, "SUCCESS"), (life.withdrawn, heard_too, "REVOKED")):
        assert task.stored == end.encode()
        assert task.events[-1]["state"] == end
        assert task.client.hget(task.keys.head, "final") == b"1"
        records = [message for name, message in channel if name == task.keys.channel]
        assert records[-1] == task.raw[-1]
        assert (task.keys.result, end.encode()) in channel


#: The optional keys, and a value of another type in each.
KEYS: dict[str, Callable[[Life], str]] = {
    "tickets": lambda life: control().queue(life.queue).tickets,
    "withdrawn": lambda life: control().queue(life.queue).withdrawn,
    "times": lambda life: control().times(life.name),
    "runs": lambda life: control().runs(life.worker),
    "tombstone": lambda life: life.task.keys.tombstone,
    # A feed that begins deletes whatever is under its other names.
    **{
        f"{kind} feed's head": partial(Life.feed, part="head", kind=kind)
        for kind in ("owner", "group", "tree")
    },
}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_another_type(
    client: redis.Redis,
    life: Callable[..., Life],
    steps: FailedSteps,
    caplog: pytest.LogCaptureFixture,
    key: str,
) -> None:
    lives = life()
    client.xadd(KEYS[key](lives), {"junk": 1})
    told(lives)
    # A SET takes the place of whatever is there, and so the tombstone is only in the way when it is read.
    # On a cluster what belongs to no task is told by scripts of its own, which are not in those counts.
    assert {kind for _, kind in steps.counts} <= {"WRONGTYPE"}
    assert "WRONGTYPE" in caplog.text


@pytest.mark.parametrize("field", ["started", "sent", "runs", "mean", "spread"])
def test_a_number_that_is_none(client: redis.Redis, life: Callable[..., Life], field: str) -> None:
    lives = life()
    for key in (control().queue(lives.queue).tickets, control().times(lives.name)):
        client.hset(key, field, "junk")
    told(lives)


@pytest.mark.parametrize("command", OPTIONAL)
def test_a_command_that_the_user_may_not_give(
    valkey: Valkey,
    life: Callable[..., Life],
    steps: FailedSteps,
    caplog: pytest.LogCaptureFixture,
    command: str,
) -> None:
    spelt = "SPUBLISH" if command == "PUBLISH" and is_cluster_wanted() else command
    lives = life(**limited(valkey, spelt))
    if command != "PUBLISH":
        told(lives)
    else:  # nobody can be told; what is stored is there all the same
        with lives.task.watched() as heard:
            lives.lived()
        assert heard == []
        assert lives.task.stored == b"SUCCESS"
        assert lives.task.states[-1] == "SUCCESS"
    assert bool(steps.counts or "no permissions" in caplog.text) is (command != NOT_MISSED)


def limited(valkey: Valkey, command: str) -> dict[str, str]:
    """Of connections of a user who may do all but give this command: name and password."""
    with servers_of(valkey.url()) as servers:
        for server in servers:
            server.acl_setuser(
                USER,
                enabled=True,
                reset=True,
                passwords=["+secret"],
                keys=["*"],
                channels=["*"],
                categories=["+@all"],
                commands=[f"-{command.lower()}"],
            )
    return {"username": USER, "password": "secret"}


def test_the_table_has_every_optional_command() -> None:
    """One that is added is optional until somebody says otherwise."""
    assert {
        "HINCRBY",
        "EXPIRE",
        "PERSIST",
        "ZADD",
        "HDEL",
        "LPOP",
        "APPEND",
        "GET",
        "PTTL",
        "PUBLISH",
        NOT_MISSED,
    } <= set(OPTIONAL)


@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")  # of stock Celery
def test_a_head_that_is_none_costs_neither_celerys_result_nor_get(
    valkey: Valkey, client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """The journal itself cannot be written."""
    app = results_app("taskbeam+" + results_at(valkey.url(DB)))
    backend = app.backend
    assert isinstance(backend, JournalBackend)
    task_id = str(uuid4())
    client.set(backend.keys(task_id).head, "no hash")
    backend.store_result(task_id, 7, "SUCCESS")
    assert app.AsyncResult(task_id).get(timeout=DEADLINE) == 7
    assert f"Task {task_id}: its journal cannot be written" in caplog.text


def test_get_returns_though_a_statistic_cannot_be_kept(jobs: Celery, valkey: Valkey) -> None:
    with client_of(valkey.url(9)) as client:
        client.set(control().times("jobs.total"), "no hash")
        try:
            result = jobs.send_task("jobs.total", [[1, 2]])
            assert result.get(timeout=DEADLINE) == 3
            assert ended(jobs, result.id)[-1]["state"] == "SUCCESS"
        finally:
            client.delete(control().times("jobs.total"))


class TestALease:
    def test_outlives_queues_whose_consumers_cannot_be_written(
        self, client: redis.Redis, connect: Callable[[], Connection], caplog: pytest.LogCaptureFixture
    ) -> None:
        names = (str(uuid4()), str(uuid4()))
        broken, well = map(control().queue, names)
        client.set(broken.consumers, "no set")
        worker = str(uuid4())
        lease = Lease(worker, connect, control(), 0.6, lambda: Consumption(names, 1))
        lease.hold()
        try:
            first: Any = until(lambda: client.zscore(control().workers, worker))
            until(lambda: client.zscore(control().workers, worker) != first)
            until(lambda: client.zcard(well.consumers))
        finally:
            lease.release()
        assert caplog.text.count(f"Cannot write to {broken.consumers}") == 1


class TestTheLog:
    def test_says_it_the_first_the_tenth_and_the_hundredth_time(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        counted = FailedSteps()
        for number in range(100):
            counted.note(f"task-{number}", ["leave the queue: WRONGTYPE Operation against a key"])
        assert len(caplog.records) == 3
        assert "Redis refused to leave the queue: WRONGTYPE Operation against a key." in caplog.text
        assert counted.counts == {("leave the queue", "WRONGTYPE"): 100}
