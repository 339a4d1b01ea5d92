"""What a fault needs of the stage on which it strikes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.support.gateway import PATHS

from .jobs import EARLY

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Tasks that a worker runs at once: each that is sent, and each once more if it is delivered again.
SLOTS = 8

#: Who reads the time.
Clocks = Literal["workers", "gateways", "results"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """By default: one server without persistence, a gateway for each way to serve, and early acknowledgement.

    - ``keeps``: what the results' server has after a restart: nothing, every write (`aof`), or what was
      saved last (`snapshot`).
    - ``disk``: megabytes of the disk that it is kept on; None: that of the machine.
    - ``lag``: seconds that a replica of the results' server is behind; None: there is no replica.
    - ``sentinel``: a Sentinel watches the server, and gateways and workers ask it which one is the master.
    - ``gateways``: how each of them serves.
    - ``drain``: seconds within which one that stops sends its clients away.
    - ``sql``: there is a PostgreSQL server for the tasks.
    - ``clock``: whose clock a test may set; None: all have the machine's.
    - ``job``: the task that is sent.
    - ``padding``: characters that each of its words brings along.
    - ``threads``: how many tasks the worker with threads runs at once.
    - ``stock``: a worker with threads and Celery's own backend does what the other one with threads does.
    - ``conf``: of the Celery application.
    """

    keeps: str = "nothing"
    disk: int | None = None
    lag: float | None = None
    sentinel: bool = False
    gateways: tuple[str, ...] = PATHS
    drain: float = 0.0
    sql: bool = False
    clock: Clocks | None = None
    job: str = EARLY
    padding: int = 0
    threads: int = SLOTS
    stock: bool = False
    conf: Mapping[str, Any] = field(default_factory=dict)
