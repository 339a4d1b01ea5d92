"""`taskbeam doctor`: look at everything that the gateway needs, and say what to do."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from redis.exceptions import RedisError, ResponseError

from taskbeam.cli.celery_option import celery_option, load_celery
from taskbeam.cli.findings import (
    Finding,
    Level,
    about_broker,
    about_descriptors,
    about_keys,
    about_redis,
    about_variables,
    about_workers,
    lease_name,
)
from taskbeam.gateway.auth.keys import KeyConfigurationError, key_set
from taskbeam.gateway.connections.broker_check import BrokerCheck
from taskbeam.gateway.connections.configuration_error import CeleryConfigurationError
from taskbeam.gateway.connections.journal import journal_backend, journal_redis
from taskbeam.gateway.dashboard.workers_and_queues import read_workers
from taskbeam.gateway.environment import unknown_variables
from taskbeam.gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from celery import Celery

MARKS = {Level.OK: "ok     ", Level.WARNING: "warning", Level.PROBLEM: "PROBLEM"}
COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "red"}

#: Exit codes.
HAS_PROBLEMS = 1

#: Seconds that workers have to answer.
WORKERS_TIMEOUT = 2.0


@click.command()
@celery_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of lines.")
def doctor(celery_target: str | None, as_json: bool) -> None:
    """Check Redis, the broker, the workers, this machine and the settings.

    Exits with 1 if there is a problem, and with 0 if there are only warnings.
    """
    findings = examine(load_celery(celery_target), GatewaySettings())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            _print(finding)
    if any(finding.level is Level.PROBLEM for finding in findings):
        raise SystemExit(HAS_PROBLEMS)


def examine(celery_app: Celery, settings: GatewaySettings) -> list[Finding]:
    """Look at everything; what cannot be looked at is a problem of its own."""
    findings, leased = asyncio.run(_examine_redis(celery_app, settings))
    failure = asyncio.run(BrokerCheck(celery_app, settings.redis_timeout).failure())
    findings.append(about_broker(failure))
    if failure is None and leased is not None:
        findings += about_workers(_answering(celery_app, leased), leased)
    soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    findings.append(about_descriptors(soft_limit, settings.max_connections))
    findings.append(about_keys(_key_error(settings), open_to_all=settings.auth == "open"))
    findings += about_variables(unknown_variables(os.environ))
    return findings


async def _examine_redis(
    celery_app: Celery, settings: GatewaySettings
) -> tuple[list[Finding], list[str] | None]:
    """The findings, and the workers that hold a lease; None where Redis cannot be asked."""
    try:
        redis: Any = journal_redis(journal_backend(celery_app), settings.redis_timeout)
    except CeleryConfigurationError as error:
        return [Finding(Level.PROBLEM, "Result backend", str(error), "Change Celery's configuration.")], None
    try:
        info = await redis.info()
        seconds, micros = await redis.time()
        difference = (seconds + micros / 1e6 - time.time()) * 1000
        findings = list(about_redis(info, await _buffer_limit(redis), difference))
        workers = await read_workers(redis, seconds * 1000)
        return findings, [worker["name"] for worker in workers if worker["alive"]]
    except (RedisError, OSError) as error:
        what = f"it cannot be asked: {error}"
        return [Finding(Level.PROBLEM, "Redis", what, "Check result_backend, and that Redis runs.")], None
    finally:
        await redis.aclose()


async def _buffer_limit(redis: Any) -> str | None:
    """None where the server tells nobody, as managed ones do."""
    try:
        found = await redis.config_get("client-output-buffer-limit")
    except ResponseError:
        return None
    value = found.get("client-output-buffer-limit")
    return value.decode() if isinstance(value, bytes) else value


def _answering(celery_app: Celery, leased: Sequence[str]) -> list[str]:
    answers = celery_app.control.inspect(timeout=WORKERS_TIMEOUT).stats() or {}
    return [lease_name(name, answer["pid"], leased) for name, answer in answers.items()]


def _key_error(settings: GatewaySettings) -> str | None:
    try:
        key_set(settings)
    except KeyConfigurationError as error:
        return str(error)
    return None


def _print(finding: Finding) -> None:
    mark = click.style(MARKS[finding.level], fg=COLOURS[finding.level])
    click.echo(f"{mark}  {finding.subject}: {finding.what}")
    if finding.do:
        click.echo(f"         {finding.do}")
