"""The servers of a stage, and the lines to them: one server for the results, and another one for messages."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import psycopg
import redis

from stack.valkey import Valkey
from tests.support import fake_clock
from tests.support.postgresql import Postgres, running_postgres
from tests.support.redis_server import sentinel
from tests.support.relay import Relay, Weather
from tests.support.small_disk import small_disk
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .plan import Clocks, Plan

#: What a Sentinel calls the results' server, and how soon it acts, in milliseconds.
MASTER = "results"
_SENTINEL = (
    f"sentinel down-after-milliseconds {MASTER} 1000",
    f"sentinel failover-timeout {MASTER} 5000",
)


class Servers:
    """To be used in a `with`."""

    broker: Valkey
    #: The tasks' own database, if there is one.
    sql: Postgres
    #: Where the results are; another one after a failover.
    results: Valkey
    #: Its replica, and the line over which that hears of the writes; if there is one.
    replica: Valkey
    replication_line: Relay
    #: The port of the Sentinel, if there is one.
    sentinel: int
    #: The lines from gateways and from workers to the results.
    gateways_line: Relay
    workers_line: Relay

    def __init__(self, folder: Path, plan: Plan) -> None:
        """``folder`` is for their files."""
        #: Where the results' server keeps what it keeps.
        self.data = folder / "data"
        #: The file that says by how many seconds the plan's clock is off.
        self.clock = folder / "clock"
        self._folder = folder
        self._plan = plan
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.data.mkdir()
        with ExitStack() as stack:
            self.broker = stack.enter_context(Valkey())
            if self._plan.sql:
                self.sql = stack.enter_context(running_postgres())
                with psycopg.connect(self.sql.dsn(), autocommit=True) as database:
                    database.execute("CREATE TABLE words (run text, n integer)")
            if self._plan.disk is not None:
                stack.enter_context(small_disk(self.data, self._plan.disk))
            self.results = stack.enter_context(self._results())
            self.gateways_line = stack.enter_context(Relay(self.results.port))
            self.workers_line = stack.enter_context(Relay(self.results.port))
            if self._plan.lag is not None:
                self._replicate(stack, self._plan.lag)
            if self._plan.sentinel:
                watching = sentinel(self._folder, self.results.port, MASTER, *_SENTINEL)
                _, self.sentinel = stack.enter_context(watching)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def redis(self) -> redis.Redis:
        """The results, not over a line."""
        return redis.Redis.from_url(self.results.url(1))

    def backend(self, line: Relay) -> str:
        """The URL of the result backend, as those at the end of a line have it."""
        if self._plan.sentinel:
            return f"taskbeam+sentinel://127.0.0.1:{self.sentinel}/1"
        return f"taskbeam+redis://127.0.0.1:{line.port}/1"

    def environment(self, whose: Clocks) -> Mapping[str, str]:
        """What gives them the clock that a test may set, if the plan says so."""
        return fake_clock.environment(str(self.clock)) if self._plan.clock == whose else {}

    def _results(self) -> Valkey:
        env = self.environment("results")
        if self._plan.keeps == "aof":
            return Valkey(None, self.data, env=env)
        return Valkey(None, None, "--dir", str(self.data), env=env)

    def _replicate(self, stack: ExitStack, lag: float) -> None:
        line = self.replication_line = stack.enter_context(Relay(self.results.port))
        options = ("--dir", str(self._folder), "--replicaof", "127.0.0.1", str(line.port))
        self.replica = stack.enter_context(Valkey(None, None, *options))
        with redis.Redis.from_url(self.replica.url()) as client:
            wait_until(lambda: client.info("replication")["master_link_status"] == "up")
        line.weather = Weather(delay=lag)
