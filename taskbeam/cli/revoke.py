"""`taskbeam revoke`: end tokens before their time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from taskbeam.cli.celery_option import celery_option, load_celery
from taskbeam.connections.configuration_error import CeleryConfigurationError
from taskbeam.connections.journal import journal_backend, journal_redis
from taskbeam.gateway.auth.audit import Actor, Audit
from taskbeam.gateway.auth.revocation import revoke as revoke_in
from taskbeam.gateway.settings import GatewaySettings
from taskbeam.journal.away import REDIS_AWAY
from taskbeam.journal.labels import label

if TYPE_CHECKING:
    from celery import Celery


async def run(celery_app: Celery, settings: GatewaySettings, tokens: list[str], owners: list[str]) -> None:
    """Revoke on the server that the application's journals are on; raises redis-py's errors."""
    backend = journal_backend(celery_app, stock=settings.stock)
    redis, control = journal_redis(backend, settings.redis_timeout), backend.control
    try:
        await revoke_in(redis, control, settings.max_token_lifetime, tokens=tokens, owners=owners)
        for target in [f"token:{token}" for token in tokens] + [f"owner:{owner}" for owner in owners]:
            await Audit(redis, control).record(Actor.at_this_machine(), "revoke_tokens", target)
    finally:
        await redis.aclose()


@click.command()
@click.option("--token", "tokens", multiple=True, metavar="JTI", help="A token's id: its claim `jti`.")
@click.option(
    "--owner",
    "owners",
    multiple=True,
    metavar="NAME",
    help="All tokens about an owner that were issued until now.",
)
@celery_option
def revoke(tokens: tuple[str, ...], owners: tuple[str, ...], celery_target: str | None) -> None:
    """Revoke tokens, on every gateway.

    Live connections are cut within a second; new ones are refused.
    """
    if not tokens and not owners:
        raise click.UsageError("Name a token or an owner.")
    try:
        names = [label(owner) for owner in owners]
    except ValueError as error:
        raise click.UsageError(f"This can be no owner: {error}.") from None
    try:
        asyncio.run(run(load_celery(celery_target), GatewaySettings(), list(tokens), names))
    except (*REDIS_AWAY, CeleryConfigurationError) as error:
        raise click.ClickException(f"Nothing is revoked: {error}") from None
