"""Redis, where the results are: it dies, forgets, refuses, freezes and closes connections."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from redis import ConnectionError as RedisConnectionError

from tests.faults.fault import Fault, repeatedly
from tests.faults.plan import Plan
from tests.support import nobody, small_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.clients.audience import Audience
    from tests.faults.fault import Inflict
    from tests.faults.stage import Stage


@contextmanager
def killed(stage: Stage, _: Audience) -> Iterator[None]:
    stage.servers.results.kill()
    yield
    stage.servers.results.start()


@contextmanager
def frozen(stage: Stage, _: Audience) -> Iterator[None]:
    stage.servers.results.pause()
    yield
    stage.servers.results.resume()


@contextmanager
def flushed(stage: Stage, _: Audience) -> Iterator[None]:
    with stage.servers.redis as client:
        client.flushall()
    yield


@contextmanager
def restored(stage: Stage, _: Audience) -> Iterator[None]:
    """What was written after the snapshot is gone."""
    with stage.servers.redis as client:
        client.save()
    yield
    stage.servers.results.kill()
    stage.servers.results.start()


@contextmanager
def read_only(stage: Stage, _: Audience) -> Iterator[None]:
    """As a master that was just replaced, before its clients know."""
    with stage.servers.redis as client:
        client.replicaof("127.0.0.1", nobody.PORT)
        yield
        client.replicaof("NO", "ONE")


@contextmanager
def disk_full(stage: Stage, _: Audience) -> Iterator[None]:
    """It refuses to write what it cannot keep (MISCONF)."""
    small_disk.fill(stage.servers.data)
    yield
    small_disk.empty(stage.servers.data)


def configured(**values: Any) -> Inflict:
    """With another configuration of the server."""

    @contextmanager
    def inflict(stage: Stage, _: Audience) -> Iterator[None]:
        with stage.servers.redis as client:
            before = {name: client.config_get(name)[name] for name in _options(values)}
            for name, value in _options(values).items():
                client.config_set(name, value)
            yield
            for name, value in before.items():
                client.config_set(name, value)

    return inflict


def commands(every: float, *command: str) -> Inflict:
    """The same command again and again."""

    @contextmanager
    def inflict(stage: Stage, _: Audience) -> Iterator[None]:
        with stage.servers.redis as client, repeatedly(_tolerant(client.execute_command, *command), every):
            yield

    return inflict


def _tolerant(call: Callable[..., object], *arguments: str) -> Callable[[], None]:
    """`CLIENT KILL` may hit the connection that sends it."""

    def act() -> None:
        try:
            call(*arguments)
        except RedisConnectionError:
            return

    return act


def _options(values: dict[str, Any]) -> dict[str, Any]:
    """Redis' names for them."""
    return {name.replace("_", "-"): value for name, value in values.items()}


#: Whoever has a cursor of another life of the journal is told so.
_FORGOTTEN = frozenset({"gaps"})

#: While nothing is kept, not even an end is: that a task has ended then, nobody knows.
_NOTHING_KEPT = _FORGOTTEN | {"unknown_task"}

FAULTS = (
    Fault(
        name="Redis SIGKILL, append-only file",
        what="Redis dies, and starts again with every write",
        inflict=killed,
        plan=Plan(keeps="aof"),
        may=_FORGOTTEN,  # nobody can tell that nothing was lost
    ),
    Fault(
        name="Redis restart without persistence",
        what="Redis dies, and starts again empty",
        inflict=killed,
        may=_FORGOTTEN,
    ),
    Fault(
        name="FLUSHALL",
        what="somebody empties Redis",
        inflict=flushed,
        may=_FORGOTTEN,
    ),
    Fault(
        name="snapshot restored",
        what="Redis dies, and starts again with a snapshot that lacks the last seconds",
        inflict=restored,
        plan=Plan(keeps="snapshot"),
        may=_FORGOTTEN | {"untrue"},  # an end that is lost: whoever was away then is told LOST
    ),
    Fault(
        name="Redis SIGSTOP",
        what="Redis is paused: connections stay open, nothing answers",
        inflict=frozen,
        lasts=10.0,
    ),
    Fault(
        name="SCRIPT FLUSH",
        what="Redis forgets the scripts, every 50 ms",
        inflict=commands(0.05, "SCRIPT", "FLUSH"),
    ),
    Fault(
        name="CLIENT KILL",
        what="Redis closes the connections of all clients, twice a second",
        inflict=commands(0.5, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"),
    ),
    Fault(
        name="CLIENT KILL of subscribers",
        what="Redis closes the connections of all subscribers, twice a second",
        inflict=commands(0.5, "CLIENT", "KILL", "TYPE", "pubsub"),
    ),
    Fault(
        name="output buffers of 16 KB",
        what="Redis closes the connection of a subscriber to whom more is under way, as bursts of tasks are",
        inflict=configured(client_output_buffer_limit="pubsub 16384 0 0"),
        plan=Plan(padding=4096),
        lasts=6.0,
    ),
    Fault(
        name="OOM",
        what="Redis has reached maxmemory, and refuses to write",
        inflict=configured(maxmemory=1, maxmemory_policy="noeviction"),
        lasts=6.0,
    ),
    Fault(
        name="READONLY",
        what="Redis is a replica, and refuses to write",
        inflict=read_only,
        lasts=6.0,
    ),
    Fault(
        name="disk full",
        what="Redis cannot write its append-only file, and refuses to write (MISCONF)",
        inflict=disk_full,
        plan=Plan(keeps="aof", disk=2),
        lasts=6.0,
        lacking=small_disk.lacking,
    ),
    Fault(
        name="evicted, allkeys-lru",
        what="Redis has reached maxmemory, and forgets what it likes",
        inflict=configured(maxmemory=1, maxmemory_policy="allkeys-lru"),
        may=_NOTHING_KEPT,
    ),
    Fault(
        name="evicted, volatile-lru",
        what="the same among keys that expire, as all journals do",
        inflict=configured(maxmemory=1, maxmemory_policy="volatile-lru"),
        may=_NOTHING_KEPT,
    ),
)
