"""Everything that `taskbeam doctor` looks at, one after another."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from redis.exceptions import RedisClusterException

from taskbeam.celery.cluster_backend import TaskbeamClusterBackend
from taskbeam.celery.inspection import describe_backend
from taskbeam.cli.checks.cluster_facts import ask_cluster
from taskbeam.cli.checks.cluster_rules import about_cluster
from taskbeam.cli.checks.commands import needed_commands
from taskbeam.cli.checks.finding import Finding, problem
from taskbeam.cli.checks.machine_rules import (
    about_broker,
    about_descriptors,
    about_history,
    about_keys,
    about_packages,
    about_proxies,
    about_variables,
)
from taskbeam.cli.checks.redis_facts import ask_redis, read_configured, read_info
from taskbeam.cli.checks.redis_rules import about_keeping, about_redis
from taskbeam.cli.checks.version_facts import needed_packages
from taskbeam.cli.checks.worker_facts import Taskbeam, ask_workers
from taskbeam.cli.checks.worker_rules import about_workers
from taskbeam.connections.configuration_error import CeleryConfigurationError, without_password
from taskbeam.connections.journal import JournalSettings, journal_backend, journal_redis
from taskbeam.gateway.auth.issuers import Issuers
from taskbeam.gateway.auth.keys import KeyConfigurationError, key_set
from taskbeam.gateway.auth.shared_api_keys import SharedApiKeys
from taskbeam.gateway.connections.broker import redis_broker
from taskbeam.gateway.connections.broker_check import BrokerCheck
from taskbeam.gateway.dashboard.workers_and_queues import read_workers
from taskbeam.gateway.environment import unknown_variables
from taskbeam.gateway.server.open_files import limits
from taskbeam.gateway.server.proxy_headers import trusted_proxies
from taskbeam.journal.away import REDIS_AWAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from taskbeam.celery.journal_backend import JournalBackend
    from taskbeam.gateway.settings import GatewaySettings


class Examination:
    """One look at what a gateway of this application, with these settings, would find."""

    def __init__(self, celery_app: Celery, settings: GatewaySettings, *, own_application: bool) -> None:
        """``own_application``: the Celery application is somebody's, and not made from variables."""
        self._celery_app = celery_app
        self._settings = settings
        self._own_application = own_application
        # Known once the server of the journals has answered.
        self._leased: list[str] | None = None
        self._run_id: str | None = None

    def findings(self) -> Iterator[Finding]:
        """What cannot be looked at is a finding, too."""
        backend = None
        try:
            backend = journal_backend(self._celery_app, stock=self._settings.stock)
            yield from asyncio.run(self._journals(backend))
        except CeleryConfigurationError as error:
            yield problem("Result backend", str(error), "Change Celery's configuration.")
        except REDIS_AWAY as error:
            yield problem(
                "Redis", f"it cannot be asked: {error}", "Check result_backend, and that Redis runs."
            )
        if isinstance(backend, TaskbeamClusterBackend):
            yield from self._cluster(backend)
        failure = asyncio.run(BrokerCheck(self._celery_app, self._settings.redis_timeout).failure())
        yield about_broker(failure)
        if failure is None:
            yield from asyncio.run(self._broker())
            if backend is not None and self._leased is not None:
                yield from self._workers(backend, self._leased)
        if self._settings.history is not None:
            yield self._history(self._settings.history.get_secret_value())
        yield from self._machine()

    async def _journals(self, backend: JournalBackend) -> list[Finding]:
        own, journals = Taskbeam.of(describe_backend(backend)), JournalSettings.of(backend)
        redis = journal_redis(backend, self._settings.redis_timeout)
        try:
            needed = needed_commands(
                sharded=own.sharded,
                dashboard=self._settings.dashboard,
                stock=self._settings.stock,
                notifies=self._settings.notifies,
                history=self._settings.history is not None,
            )
            facts = await ask_redis(redis, journals.control, journals.names, needed)
            self._run_id = facts.info.get("run_id")
            if not {"TIME", "ZRANGE", "HLEN"} & facts.refused.keys():
                seconds, _ = await redis.time()
                workers = await read_workers(redis, journals.control, int(seconds) * 1000)
                self._leased = [worker["name"] for worker in workers if worker["alive"]]
        finally:
            await redis.aclose()
        return list(about_redis(facts, journals.names, journals.control))

    def _cluster(self, backend: TaskbeamClusterBackend) -> Iterator[Finding]:
        """All of its masters; `_journals` looks at the one with what belongs to no task."""
        key_prefix = JournalSettings.of(backend).key_prefix
        try:
            facts = ask_cluster(backend.client)
        except (RedisClusterException, *REDIS_AWAY) as error:
            yield problem(
                "Cluster", f"it cannot be asked: {error}", "Check result_backend, and that it runs."
            )
            return
        yield from about_cluster(facts, key_prefix)

    async def _broker(self) -> list[Finding]:
        """Whether it keeps the messages, where it is a Redis of its own."""
        try:
            broker = redis_broker(self._celery_app, self._settings.redis_timeout)
            if broker is None:
                return []
            try:
                info, configured = await read_info(broker.redis), await read_configured(broker.redis)
            finally:
                await broker.redis.aclose()
        except (CeleryConfigurationError, *REDIS_AWAY) as error:
            return [problem("Broker", f"it cannot be asked: {error}", "Check broker_url and its options.")]
        if not info or info.get("run_id") == self._run_id:
            return []
        return list(about_keeping(info, configured.get("save"), where="Broker: "))

    def _workers(self, backend: JournalBackend, leased: list[str]) -> Iterator[Finding]:
        try:
            answering = ask_workers(self._celery_app, leased)
        except Exception as error:  # each transport has errors of its own
            yield problem("Worker", f"none can be asked: {error}", "Check that the user may use the broker.")
            return
        url = without_password(self._celery_app.conf.result_backend)
        yield from about_workers(answering, leased, Taskbeam.of(describe_backend(backend)), url)

    def _history(self, address: str) -> Finding:
        # Only who wants a history needs its library.
        from taskbeam.cli.checks.history_facts import history_failure
        from taskbeam.gateway.history.address import history_address

        return about_history(history_failure(history_address(address)))

    def _machine(self) -> Iterator[Finding]:
        yield from about_packages(list(needed_packages()))
        yield about_descriptors(*limits(), self._settings.max_connections)
        yield about_keys(
            _key_error(self._settings),
            open_to_all=self._settings.auth == "open",
            there_are_some=self._settings.token_keys is not None,
            own_application=self._own_application,
        )
        yield about_proxies(trusted_proxies())
        yield from about_variables(unknown_variables(os.environ))


def _key_error(settings: GatewaySettings) -> str | None:
    try:
        key_set(settings)
        SharedApiKeys.of(settings)
        Issuers(settings.issuers)
    except KeyConfigurationError as error:
        return str(error)
    return None
