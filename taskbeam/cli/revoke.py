"""`taskbeam revoke`: end tokens before their time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click
from redis.exceptions import RedisError

from taskbeam.cli.celery_option import celery_option, load_celery
from taskbeam.gateway.auth.revocation import revoke as revoke_in
from taskbeam.gateway.connections.configuration_error import CeleryConfigurationError
from taskbeam.gateway.connections.journal import journal_backend, journal_redis
from taskbeam.gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from celery import Celery


async def run(celery_app: Celery, settings: GatewaySettings, tokens: list[str], owners: list[str]) -> None:
    """Revoke on the server that the application's journals are on; raises redis-py's errors."""
    redis = journal_redis(journal_backend(celery_app), settings.redis_timeout)
    try:
        await revoke_in(redis, settings.max_token_lifetime, tokens=tokens, owners=owners)
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
        asyncio.run(run(load_celery(celery_target), GatewaySettings(), list(tokens), list(owners)))
    except (RedisError, OSError, CeleryConfigurationError) as error:
        raise click.ClickException(f"Nothing is revoked: {error}") from None
