"""The Celery result backend on a Redis Cluster: `taskbeam+rediscluster://h1:7000,h2:7001`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from celery.app.defaults import DEFAULTS
from celery.backends.redis import RedisBackend
from celery.exceptions import ImproperlyConfigured
from redis.exceptions import ClusterError, RedisClusterException, TryAgainError

from taskbeam.celery.cached_properties import made_anew_in_children
from taskbeam.celery.cluster_client import CelerysClusterClient
from taskbeam.celery.cluster_connections import ClusterConnections
from taskbeam.celery.cluster_results import ClusterResultConsumer
from taskbeam.celery.journal_backend import JournalBackend
from taskbeam.celery.outbox_connections import PATIENCE
from taskbeam.cluster.url import hidden_password, parse_cluster_url
from taskbeam.journal.cluster_keys import ClusterKeys
from taskbeam.journal.control_keys import CLUSTER

if TYPE_CHECKING:
    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.keys import TaskKeys

#: What redis-py raises while a slot moves or a replica is promoted, beside what Celery knows.
_CLUSTER_ERRORS = (ClusterError, RedisClusterException, TryAgainError)

#: Arguments that are not the same for each server, or none of a cluster's.
_OF_ONE_SERVER = frozenset({"host", "port", "db"})


class TaskbeamClusterBackend(JournalBackend, RedisBackend):
    """The journals on a Redis Cluster: each task has one slot, a group another one.

    Celery's own backend knows no cluster. What it does with several keys at once is done here with keys of
    one slot, or one by one.
    """

    ResultConsumer = ClusterResultConsumer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As Celery's. Raises `ImproperlyConfigured` for a URL that names no cluster."""
        super().__init__(*args, **kwargs)
        # Tasks have slots of their own, so their events do, too.
        self.options = replace(self.options, sharded=True)
        known: tuple[type[Exception], ...] = self.connection_errors  # type: ignore[has-type]
        self.connection_errors = (*known, *_CLUSTER_ERRORS)
        made_anew_in_children(self)  # redis-py's client of a cluster has locks of its own

    def _params_from_url(self, url: str, defaults: dict[str, Any]) -> dict[str, Any]:
        try:
            parsed = parse_cluster_url(url)
        except ValueError as error:
            raise ImproperlyConfigured(f"result_backend {hidden_password(url)}: {error}") from error
        self.startup_nodes = parsed.startup_nodes
        given = _impatient(defaults)
        arguments: dict[str, Any] = super()._params_from_url(parsed.server, given)  # type: ignore[misc]
        # What is not set is left out: redis-py complains of some of it.
        return {name: value for name, value in arguments.items() if value and name not in _OF_ONE_SERVER}

    def _create_client(self, **arguments: Any) -> CelerysClusterClient:
        kind = arguments.pop("connection_class", None)
        arguments.pop("retry_on_timeout", None)  # redis-py warns of it, and tries again in any case
        if kind is not None:
            arguments["ssl"] = True
        return CelerysClusterClient(self.startup_nodes, arguments)

    def outbox_connections(self) -> ClusterConnections:
        """To each master."""
        return ClusterConnections(self.startup_nodes, self.connparams)

    def memory_of_servers(self) -> list[Any]:
        """Of each master; raises redis-py's errors."""
        client: Any = self.client
        return [client.info("memory", target_nodes=master) for master in client.get_primaries()]

    @property
    def control(self) -> ControlKeys:
        """The names of what belongs to no task: all of one slot."""
        return CLUSTER

    @property
    def watches_runs(self) -> bool:
        """They are, in the slot of what belongs to no task."""
        return True

    @property
    def kind_of_keys(self) -> type[TaskKeys]:
        """Names in the slot of Celery's own key, told to whoever asks that slot's master."""
        return ClusterKeys

    def as_uri(self, include_password: bool = False) -> str:
        """The URL; without the password, unless that is asked for."""
        url: str = self.url
        return url if include_password else hidden_password(url)

    def get_key_for_group(self, group_id: str, key: str = "") -> Any:
        """As Celery's; all keys of a group have the slot of its first one."""
        base: Any = super().get_key_for_group(group_id)
        return self.key_t("").join([self.key_t("{"), base, self.key_t("}"), self.key_t(key)]) if key else base

    def _set(self, key: Any, value: Any, expires: int | None = None) -> None:
        seconds = self.expires if expires is None else expires
        self.client.set(key, value, ex=seconds or None)
        self.client.spublish(key, value)

    def on_chord_part_return(self, *args: Any, **kwargs: Any) -> Any:
        """As Celery's, again while the chord's slot has no master: Celery tries its other commands again.

        A part counts once, however often it returns.
        """
        return self.ensure(
            lambda: super(TaskbeamClusterBackend, self).on_chord_part_return(*args, **kwargs), ()
        )


def _impatient(arguments: dict[str, Any]) -> dict[str, Any]:
    """What a connection is given; where nothing else was set, nobody waits longer than a failover takes.

    Celery waits for two minutes. redis-py asks the others of a cluster only when it has waited for one.
    """
    names = ("socket_timeout", "socket_connect_timeout")
    unset = [name for name in names if arguments[name] == DEFAULTS[f"redis_{name}"]]
    return arguments | dict.fromkeys(unset, PATIENCE)
