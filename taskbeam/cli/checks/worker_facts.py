"""What workers say by Celery's remote control, and which of them Redis knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskbeam.celery.inspection import COMMAND
from taskbeam.connections.configuration_error import without_password

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from celery import Celery

#: Seconds that workers have to answer.
TIMEOUT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Taskbeam:
    """Taskbeam in a process: its version, and how the keys and channels of its journals are."""

    version: str
    key_prefix: str
    sharded: bool

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Taskbeam:
        """From what `taskbeam.celery.inspection` says."""
        return cls(version=said["version"], key_prefix=said["key_prefix"], sharded=said["sharded"])


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFacts:
    """A worker that answers.

    - ``name``: its node name.
    - ``lease``: what its lease in our Redis is called (`host:pid`); None = it has none.
    - ``taskbeam``: what it says of its Taskbeam; None = it does not know the question, or was not asked.
    - ``backend``: its result backend without a password, of one without a lease; None = it does not say.
    """

    name: str
    lease: str | None
    taskbeam: Taskbeam | None = None
    backend: str | None = None


def ask_workers(celery_app: Celery, leased: Sequence[str]) -> list[WorkerFacts]:
    """Ask all who answer on the application's broker; it blocks for some seconds.

    ``leased``: the workers with a lease in our Redis, `host:pid` each. Raises what the transport raises.
    """
    inspect = celery_app.control.inspect(timeout=TIMEOUT)
    pids = {name: int(said["pid"]) for name, said in (inspect.stats() or {}).items()}
    leases = {name: lease_of(name, pid, leased) for name, pid in pids.items()}
    # Who has no lease has no Taskbeam, and would log an error about the question.
    ours = [name for name, lease in leases.items() if lease is not None]
    described = _broadcast(celery_app, ours)
    others = [name for name in pids if name not in ours]
    settings = celery_app.control.inspect(others, timeout=TIMEOUT).conf() if others else None
    return [
        WorkerFacts(
            name=name,
            lease=lease,
            taskbeam=Taskbeam.of(described[name]) if name in described else None,
            backend=_backend((settings or {}).get(name, {})),
        )
        for name, lease in sorted(leases.items())
    ]


def lease_of(nodename: str, pid: int, leased: Sequence[str]) -> str | None:
    """The lease, `host:pid`, of a worker that Celery calls ``nodename`` (`name@host`).

    The host in a nodename may be chosen freely: then the one lease with the same ``pid`` is taken for its
    own.
    """
    name = f"{nodename.partition('@')[2]}:{pid}"
    if name in leased:
        return name
    same = [each for each in leased if each.rpartition(":")[2] == str(pid)]
    return same[0] if len(same) == 1 else None


def _broadcast(celery_app: Celery, names: Sequence[str]) -> dict[str, Any]:
    if not names:
        return {}
    replies: Any = celery_app.control.broadcast(
        COMMAND, destination=list(names), reply=True, timeout=TIMEOUT, limit=len(names)
    )
    said = {name: answer for reply in replies or () for name, answer in reply.items()}
    return {name: answer for name, answer in said.items() if "version" in answer}


def _backend(settings: Mapping[str, Any]) -> str | None:
    url = settings.get("result_backend")
    return without_password(url) if url else None
