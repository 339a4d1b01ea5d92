"""`taskbeam login`: a link that lets an operator in, once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from taskbeam.cli.celery_option import celery_option
from taskbeam.cli.on_redis import on_redis
from taskbeam.cli.signing_in import keeping_cookies, sign_in_address
from taskbeam.gateway.auth.audit import Actor, Audit
from taskbeam.gateway.auth.given import tokens_of
from taskbeam.gateway.auth.operators import make_code, operator
from taskbeam.gateway.auth.tickets import Tickets
from taskbeam.gateway.settings import GatewaySettings, ServerSettings

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from taskbeam.celery.journal_backend import JournalBackend
    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.auth.tokens import Tokens


@click.command()
@click.option("--name", help="Who signs in, as the audit log has it.  [default: your name on this machine]")
@click.option("--read-only", is_flag=True, help="See every task, and change none.")
@click.option(
    "--address", metavar="URL", help="Where it is opened.  [default: by TASKBEAM_HOST, TASKBEAM_PORT]"
)
@click.option("--minutes", type=click.IntRange(1, 60), default=10, help="Good for so long.  [default: 10]")
@click.option("--hours", type=click.IntRange(1, 24), default=8, help="The session's life.  [default: 8]")
@celery_option
def login(
    name: str | None,
    read_only: bool,
    address: str | None,
    minutes: int,
    hours: int,
    celery_target: str | None,
) -> None:
    """Print a link that opens the dashboard of a gateway, once.

    Whoever opens it first is signed in as an operator, who sees every task. The gateway needs
    TASKBEAM_DASHBOARD=1, and the TASKBEAM_TOKEN_KEYS that this command finds. `taskbeam revoke --owner
    operator:NAME` ends the sessions.
    """
    settings, server = GatewaySettings(), ServerSettings()
    try:
        where = keeping_cookies(address) if address else sign_in_address(server.host, server.port)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    tokens = _tokens(settings, hours)
    try:
        identity = operator(name or Actor.at_this_machine().who.removeprefix("cli:"), read_only=read_only)
    except ValueError as error:
        raise click.UsageError(f"This can be no name: {error}.") from None
    code = on_redis(celery_target, lambda *on: _make(tokens, identity, minutes * 60, hours * 3600, *on))
    click.echo(f"{where}/login/#{code}")
    until = time.strftime("%H:%M", time.localtime(time.time() + minutes * 60))
    click.echo(f"Good once, until {until}. It signs in {identity.subject} for {hours} h.", err=True)


def _tokens(settings: GatewaySettings, hours: int) -> Tokens:
    if settings.auth == "open":
        raise click.ClickException(
            "TASKBEAM_AUTH=open: nobody signs in. Whoever reaches the gateway sees the dashboard, unless an "
            "application of yours keeps it from them."
        )
    if hours * 3600 > settings.max_token_lifetime:
        most = settings.max_token_lifetime / 3600
        raise click.UsageError(f"--hours is above TASKBEAM_MAX_TOKEN_LIFETIME, which is {most:g} h.")
    tokens = tokens_of(settings, needed=True)
    assert tokens is not None
    return tokens


async def _make(
    tokens: Tokens, identity: Identity, good: float, lasts: float, redis: Redis, backend: JournalBackend
) -> str:
    control = backend.control
    code = await make_code(tokens, Tickets(redis, control, good, "login"), identity, lasts)
    await Audit(redis, control).record(Actor.at_this_machine(), "make_login", f"owner:{identity.subject}")
    return code
