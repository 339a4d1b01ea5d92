"""Where the journals are, and how they are kept: as the Celery application's result backend has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from celery.backends.redis import RedisBackend
from celery.exceptions import ImproperlyConfigured

from taskbeam.celery.backend import backend_for
from taskbeam.celery.journal_backend import JournalBackend
from taskbeam.connections.asyncio_redis import RedisParameters, asyncio_redis
from taskbeam.connections.cluster_redis import cluster_redis
from taskbeam.connections.configuration_error import (
    CeleryConfigurationError,
    one_line,
    without_password,
)
from taskbeam.journal.keys import JournalNames

if TYPE_CHECKING:
    from celery import Celery
    from redis.asyncio import Redis

    from taskbeam.celery.options import Options
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.limits import Limits

SETTING = "result_backend"

EXAMPLE = 'result_backend = "taskbeam+redis://host:6379/1"'

#: Any id will do: the name of its key ends with it.
_ANY_ID = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSettings:
    """How the application's workers keep their journals.

    - ``names``: how its tasks are named and told.
    - ``control``: the names of what belongs to no task.
    - ``limits``: how much is kept of a journal, and for how long.
    - ``options``: the Celery setting `taskbeam_options`.
    """

    names: JournalNames
    control: ControlKeys
    limits: Limits
    options: Options

    @classmethod
    def of(cls, backend: JournalBackend) -> Self:
        """Read them; nothing is connected."""
        return cls(
            names=JournalNames(backend.keys(_ANY_ID).result.removesuffix(_ANY_ID), backend.kind_of_keys),
            control=backend.control,
            limits=backend.limits,
            options=backend.options,
        )

    @property
    def key_prefix(self) -> str:
        """What stands before a task's id in the key of its result."""
        return self.names.prefix


def journal_backend(celery_app: Celery, *, stock: bool = False) -> JournalBackend:
    """The application's result backend, not connected. Each thread has its own.

    Args:
        celery_app: the application.
        stock: its backend may also be Celery's own for Redis. Then it is one of ours on the same server, of
            which the application itself knows nothing.

    Raises:
        CeleryConfigurationError: it is not Taskbeam's, or Celery cannot make it.
    """
    try:
        backend = celery_app.backend
    except (ImproperlyConfigured, ImportError, TypeError, ValueError) as error:
        url = without_password(celery_app.conf.get(SETTING))
        example = f". Example: {EXAMPLE}" if isinstance(error, ImportError) else ""
        raise CeleryConfigurationError(
            f"Celery cannot make its result backend {url}: {one_line(error)}{example}"
        ) from error
    if stock and isinstance(backend, RedisBackend) and not isinstance(backend, JournalBackend):
        # Celery's stub does not have the URL.
        return backend_for(celery_app, backend.url, hears=False)  # type: ignore[attr-defined]
    if not isinstance(backend, JournalBackend):
        raise CeleryConfigurationError(_not_ours(celery_app, type(backend)))
    return backend


def journal_parameters(backend: JournalBackend) -> RedisParameters:
    """How to reach the server with the journals.

    Raises:
        CeleryConfigurationError: the backend goes through Redis Sentinel and names no master.
    """
    arguments = dict(backend.connparams)
    hosts = arguments.pop("hosts", None)
    if hosts is None:
        return RedisParameters(setting=SETTING, arguments=arguments)
    options = backend.app.conf.get("result_backend_transport_options") or {}
    if not options.get("master_name"):
        raise CeleryConfigurationError(
            "The result backend goes through Redis Sentinel, and nothing says which master it is. "
            'Set result_backend_transport_options = {"master_name": …}'
        )
    return RedisParameters(
        setting=SETTING,
        arguments=arguments,
        sentinels=tuple((host["host"], int(host["port"])) for host in hosts),
        sentinel_arguments=options.get("sentinel_kwargs") or {},
        master_name=options["master_name"],
        min_other_sentinels=options.get("min_other_sentinels", 0),
    )


def journal_redis(backend: JournalBackend, timeout: float) -> Redis:
    """An unconnected asyncio client of the server with the journals, as the backend itself connects.

    Of a Redis Cluster it is a `ControlClient`: its server is the master of the control slot.

    Args:
        backend: what `journal_backend` gave.
        timeout: seconds that a command, and connecting, may take.

    Raises:
        CeleryConfigurationError: the backend is configured in a way that the gateway cannot follow.
    """
    parameters = journal_parameters(backend)
    if backend.startup_nodes:
        return cluster_redis(parameters, backend.startup_nodes, timeout)
    return asyncio_redis(parameters, timeout)


def _not_ours(celery_app: Celery, kind: type[Any]) -> str:
    url = celery_app.conf.get(SETTING)
    if not url:
        return (
            "The Celery application has no result backend. "
            f"Set {EXAMPLE}, for the workers and for whoever sends tasks."
        )
    shown = without_password(url)
    what = f"The Celery application's result backend is {shown} ({kind.__name__}), which keeps no journal."
    if isinstance(url, str) and url.startswith(("redis://", "rediss://", "sentinel://", "socket://")):
        return (
            f'{what} Write taskbeam+ in front of it: result_backend = "taskbeam+{shown}". Or, while the '
            "workers cannot change, let the gateway follow Celery's own results: TASKBEAM_STOCK=1"
        )
    return f"{what} Set {EXAMPLE}"
