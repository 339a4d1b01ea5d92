"""`taskbeam keys create | list | rotate | revoke | audit`: the API keys of services that send tasks."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click
from pydantic import ValidationError

from taskbeam.cli.celery_option import celery_option
from taskbeam.cli.on_redis import on_redis
from taskbeam.gateway.auth.api_key import KeyRights
from taskbeam.gateway.auth.api_keys import ApiKeys, NoSuchKeyError
from taskbeam.gateway.auth.audit import Actor, Audit
from taskbeam.gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

    from taskbeam.gateway.auth.api_key import ApiKey, KeyText
    from taskbeam.journal.control_keys import ControlKeys

T = TypeVar("T")

DAY = 86_400.0


def _on_redis(celery_target: str | None, work: Callable[[Redis, ControlKeys], Awaitable[T]]) -> T:
    """Do something on the server that the application's journals are on."""

    try:
        return on_redis(celery_target, lambda redis, backend: work(redis, backend.control))
    except NoSuchKeyError as error:
        raise click.ClickException(f"There is no key {error}, or it was revoked.") from None


def _names(what: str) -> dict[str, Any]:
    return {"multiple": True, "metavar": "NAME", "help": f"{what}; several times for more. [default: any]"}


@click.command()
@click.argument("name")
@click.option("--owner", "owners", **_names("Whose tasks it may send"))
@click.option("--queue", "queues", **_names("To which queues"))
@click.option("--task", "tasks", **_names("Which tasks"))
@click.option(
    "--expires", metavar="DAYS", type=click.FloatRange(min=0, min_open=True), help="[default: never]"
)
@click.option("--admin", is_flag=True, help="It manages API keys over HTTP, and sends nothing.")
@celery_option
def create(
    name: str,
    owners: tuple[str, ...],
    queues: tuple[str, ...],
    tasks: tuple[str, ...],
    expires: float | None,
    admin: bool,
    celery_target: str | None,
) -> None:
    """Make an API key called NAME, and print it. It is shown only now.

    Names of owners, queues and tasks may end in *, for all that begin so.
    """
    try:
        rights = KeyRights(name=name, owners=owners or None, queues=queues or None, tasks=tasks or None)
    except ValidationError as error:
        problem = error.errors()[0]
        raise click.UsageError(f"{problem['loc'][0]}: {problem['msg']}.") from None
    lifetime = None if expires is None else expires * DAY
    _show(
        *_on_redis(
            celery_target,
            lambda *on: ApiKeys(*on).create(Actor.at_this_machine(), rights, admin=admin, lifetime=lifetime),
        )
    )


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of lines.")
@celery_option
def list_keys(as_json: bool, celery_target: str | None) -> None:
    """Show the API keys: what they may do, and about when they were last used."""
    found = _on_redis(celery_target, lambda *on: ApiKeys(*on).all())
    if as_json:
        hidden = {"digest", "previous"}
        rows = [key.model_dump(exclude=hidden) | {"last_used": used} for key, used in found]
        click.echo(json.dumps(rows, indent=2))
        return
    for key, used in found:
        click.echo(f"{key.id}  {_state(key):8}  {key.name}  {_rights(key)}  last used: {_date(used)}")


@click.command()
@click.argument("key_id", metavar="ID")
@click.option(
    "--grace",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=DAY,
    show_default=True,
    help="How long the text before stays good.",
)
@celery_option
def rotate(key_id: str, grace: float, celery_target: str | None) -> None:
    """Give an API key another text, and print it. It is shown only now."""
    actor = Actor.at_this_machine()
    _show(*_on_redis(celery_target, lambda *on: ApiKeys(*on).rotate(actor, key_id, grace)))


@click.command()
@click.argument("key_id", metavar="ID")
@celery_option
def revoke(key_id: str, celery_target: str | None) -> None:
    """End an API key at once, on every gateway, and within a second the tokens of the tasks that it sent."""
    actor, longest = Actor.at_this_machine(), GatewaySettings().max_token_lifetime
    key = _on_redis(celery_target, lambda *on: ApiKeys(*on).revoke(actor, key_id, longest))
    click.echo(f"Revoked {key.id} ({key.name}).")


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of lines.")
@celery_option
def audit(limit: int, as_json: bool, celery_target: str | None) -> None:
    """Show who changed what about keys and tokens, the latest first."""
    entries = _on_redis(celery_target, lambda *on: Audit(*on).newest(limit))
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in entries], indent=2))
        return
    for entry in entries:
        what = f"{entry.action}  {entry.target}  by {entry.who} from {entry.origin}"
        click.echo(f"{_date(entry.at)}  {what}  {entry.detail}")


COMMANDS = (create, list_keys, rotate, revoke, audit)


def _show(key: ApiKey, text: KeyText) -> None:
    click.echo(f"{key.name}: keep this key, it is not shown again.", err=True)
    click.echo(str(text))


def _state(key: ApiKey) -> str:
    if key.revoked is not None:
        return "revoked"
    return "good" if key.is_good(time.time()) else "expired"


def _rights(key: ApiKey) -> str:
    if key.admin:
        return "manages keys"
    parts = (("owners", key.owners), ("queues", key.queues), ("tasks", key.tasks))
    return "  ".join(f"{what}: {', '.join(names) if names is not None else 'any'}" for what, names in parts)


def _date(at: float | None) -> str:
    return "never" if at is None else time.strftime("%Y-%m-%d %H:%M", time.gmtime(at))
