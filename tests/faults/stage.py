"""Where a fault strikes: servers, workers and gateways, all real."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self, cast

from stack.ports import kept_port
from taskbeam import labelled
from taskbeam.journal.keys import task_keys
from tests.support.closing import close_app
from tests.support.gateway import Gateway, gateway
from tests.support.tokens import TOKENS, sign
from tests.support.worker import worker

from .account import Id
from .jobs import AS_STOCK, SQL, faults_app
from .ledger import Ledger
from .plan import SLOTS
from .post import Post
from .servers import MASTER, Servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from stack.process import ManagedProcess

    from .plan import Plan

#: Seconds: a silent worker's runs are STALLED after the lease, and LOST so much later.
LEASE, LOST_AFTER = 3.0, 10.0

#: Seconds since a client's token was issued, and until it expires: longer than any clock jumps. A gateway
#: refuses one that its clock says is still to be issued.
_ISSUED, _GOOD_FOR = 2 * 3600, 2 * 3600

#: A worker of each pool consumes the queue of its pool's name.
POOLS = ("prefork", "threads")

#: The queue, and the name, of the worker with Celery's own backend.
STOCK = "stock"

#: glibc gives each thread a part of memory to itself, and they grow for hours (mallopt(3)): not of our doing.
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}

#: All clients come from one address, with tokens of one owner; dead workers, and a Redis that is silent, are
#: to be noticed soon.
_SETTINGS = {
    "max_connections_per_address": 20_000,
    "max_connections_per_identity": 20_000,
    "heartbeat": 2,
    "watchdog_interval": 1,
    "lost_after": LOST_AFTER,
    "redis_timeout": 5,
}


class Stage:
    """Gateways, and a worker of each pool, on servers of their own; to be used in a `with`."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        """``folder`` is for ledgers, bells and the servers' files."""
        self.folder = folder
        self.ledger = Ledger(folder)
        self.servers = Servers(folder, plan)
        self._plan = plan
        self._conf = {"taskbeam_options": {"lease": LEASE}, **plan.conf}
        self._as_stock: list[str] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            #: The gateways'.
            self.ports = [stack.enter_context(kept_port()) for _ in self._plan.gateways]
            servers = stack.enter_context(self.servers)
            backend = f"taskbeam+{servers.results.url(1)}"
            self._app = faults_app(servers.broker.url(0), backend, self._conf)
            stack.callback(close_app, self._app)
            self.workers = {pool: self._worker(pool, pool) for pool in POOLS}
            if self._plan.stock:
                self._stock_app = faults_app(servers.broker.url(0), servers.results.url(1), self._conf)
                stack.callback(close_app, self._stock_app)
                self.workers[STOCK] = self._worker("threads", STOCK)
            self.gateways = [self._gateway(path, index) for index, path in enumerate(self._plan.gateways)]
            posts: list[Post[Any]] = [*self.workers.values(), *self.gateways]
            stack.callback(_at_once, [post.stop for post in posts])
            _at_once([post.start for post in posts])
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @staticmethod
    def headers(**claims: Any) -> list[str]:
        """What a client brings: a token like those that whoever sends a task gets, or its owner."""
        now = time.time()
        token = sign(scope="read", iat=now - _ISSUED, exp=now + _GOOD_FOR, **claims)
        return [f"Authorization: Bearer {token}"]

    def send(self, owner: str, begin: str, end: str, burst: int, pause: float, pool: str) -> str:
        """The id of a task that speaks from one bell to the other; see `tests.faults.jobs`."""
        arguments = (str(self.folder), begin, end, burst, pause, self._plan.padding)
        if self._plan.stock and pool == "threads":
            job = self._stock_app.tasks[AS_STOCK]
            self._as_stock.append(job.apply_async(arguments, queue=STOCK).id)
        with labelled(owner=owner):
            job = self._app.tasks[self._plan.job]
            task_id: str = job.apply_async(arguments, queue=pool).id
        return task_id

    def stock_is_idle(self) -> bool:
        """Whether all tasks of the worker with Celery's own backend have come to their end."""
        self._as_stock = [each for each in self._as_stock if not self._has_returned(each)]
        return not self._as_stock

    def _has_returned(self, task_id: str) -> bool:
        return any(run.returned for run in self.ledger.runs(task_id).values())

    def set_clock(self, seconds: int) -> None:
        """By how much the clock is off from now on that the plan names."""
        self.servers.clock.write_text(f"{seconds:+}")

    def ring(self, bell: str) -> None:
        """Tasks that wait for it come to their end."""
        (self.folder / bell).touch()

    def journal(self, task_id: str) -> list[tuple[Id, bytes]]:
        """What is there of a task: ids and bodies."""
        with self.servers.redis as client:
            records = cast("list[bytes]", client.lrange(task_keys(task_id).log, 0, -1))
        parts = [record.split(b" ", 2) for record in records]
        return [(Id.parse(event_id.decode()), body) for event_id, _, body in parts]

    def bytes_told(self, task_id: str) -> float:
        """About how many bytes all events of a task have had, those that are gone among them."""
        records = self.journal(task_id)
        kept = sum(len(body) for _, body in records)
        return kept * records[-1][0].seq / len(records) if records else 0.0

    def _worker(self, pool: str, queue: str) -> Post[ManagedProcess]:
        broker, backend = self.servers.broker.url(0), self.servers.backend(self.servers.workers_line)
        if queue == STOCK:
            backend = backend.removeprefix("taskbeam+")
        conf = self._conf | {"result_backend_transport_options": {"master_name": MASTER}}
        env = {"FAULTS_CONF": json.dumps(conf), **ONE_ARENA, **self.servers.environment("workers")}
        slots = self._plan.threads if queue == "threads" else SLOTS
        if self._plan.sql:
            env[SQL] = self.servers.sql.dsn()

        def make() -> Any:
            return worker(broker, backend, pool, slots, "tests.faults.jobs", env=env, queue=queue)

        return Post(make, lambda process: process)

    def _gateway(self, path: str, index: int) -> Post[Gateway]:
        return Post(lambda: self._served(path, index), lambda served: served.process)

    @contextmanager
    def _served(self, path: str, index: int) -> Iterator[Gateway]:
        """On its port, or on another one: while nobody listens, a client's own end may be given that port."""
        servers = {
            "broker_url": self.servers.broker.url(0),
            "result_backend": self.servers.backend(self.servers.gateways_line),
            "sentinel_master": MASTER,
        }
        own = self.servers.environment("gateways")
        settings = {**TOKENS, **_SETTINGS, **servers, "port": self.ports[index], "drain": self._plan.drain}
        with gateway("", path, ready=False, environment=own, **settings) as served:
            yield served


def _at_once(actions: Sequence[Callable[[], object]]) -> None:
    """Processes take seconds to start, and to stop."""
    with ThreadPoolExecutor(len(actions)) as threads:
        list(threads.map(lambda action: action(), actions))
