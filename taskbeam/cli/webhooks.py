"""`taskbeam webhooks …`: the webhooks of the application, or of an owner."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskbeam.cli.celery_option import celery_option
from taskbeam.cli.on_redis import on_redis
from taskbeam.follow.connections import exchange_with
from taskbeam.gateway.settings import GatewaySettings
from taskbeam.journal.events import FINAL_STATES
from taskbeam.journal.labels import label
from taskbeam.notifications.due import DueSet
from taskbeam.notifications.records import Records
from taskbeam.notifications.target import Filter
from taskbeam.notifications.targets import NoSuchTargetError, TargetStore
from taskbeam.notifications.webhooks import NoSuchDeliveryError, TooManyWebhooksError, Webhooks
from taskbeam.outgoing.endpoint import BadEndpointError, Endpoint
from taskbeam.outgoing.requests import Outgoing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from redis.asyncio import Redis

    from taskbeam.celery.journal_backend import JournalBackend
    from taskbeam.notifications.records import Delivery
    from taskbeam.notifications.target import Target

T = TypeVar("T")

_webhook = click.argument("webhook_id", metavar="ID")


def _label(_context: click.Context, _option: click.Parameter, owner: str | None) -> str | None:
    try:
        return None if owner is None else label(owner)
    except ValueError as error:
        raise click.BadParameter(f"this can be no owner: {error}.") from None


_owner = click.option(
    "--owner",
    metavar="NAME",
    callback=_label,
    help="Whose they are.  [default: the application's, told of all tasks]",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of lines.")


def _on_webhooks(celery_target: str | None, work: Callable[[Webhooks], Awaitable[T]]) -> T:
    async def run(redis: Redis, backend: JournalBackend) -> T:
        networks = GatewaySettings().webhook_networks
        outgoing = Outgoing(networks)
        endpoint = partial(Endpoint.parse, plain_http=bool(networks), allowed=networks)
        on = redis, backend.control
        stores = TargetStore(*on), Records(*on), DueSet(*on)
        journals = exchange_with(redis, GatewaySettings().redis_timeout)
        try:
            return await work(Webhooks(journals, *stores, outgoing, backend.keys, endpoint))
        finally:
            await journals.aclose()
            await outgoing.close()

    try:
        return on_redis(celery_target, run)
    except NoSuchTargetError as error:
        raise click.ClickException(f"There is no webhook {error} of this owner.") from None
    except NoSuchDeliveryError as error:
        raise click.ClickException(f"The message {error}, or its task, is not kept any more.") from None
    except BadEndpointError as error:
        raise click.ClickException(f"The URL cannot be used: {error}") from None
    except TooManyWebhooksError:
        raise click.ClickException("There are as many webhooks as one owner may have.") from None


@click.group()
def webhooks() -> None:
    """Services that are told how tasks end: make, list, rotate, try, replay.

    Gateways with TASKBEAM_WEBHOOKS tell them; those that it names itself are not shown here.
    """


@webhooks.command()
@click.argument("url")
@click.option("--state", "states", multiple=True, type=click.Choice(sorted(FINAL_STATES)))
@click.option("--name", "names", multiple=True, metavar="TASK", help="Of tasks with this name, or reports.*")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Of tasks with this tag.")
@_owner
@celery_option
def create(
    url: str,
    states: tuple[str, ...],
    names: tuple[str, ...],
    tags: tuple[str, ...],
    owner: str | None,
    celery_target: str | None,
) -> None:
    """Let the service at URL be told, and print the secret of its messages. It is shown only now."""
    wanted = Filter(states=frozenset(states) or None, names=names or None, tags=frozenset(tags) or None)
    _show(_on_webhooks(celery_target, lambda service: service.create(owner, url, wanted)))


@webhooks.command("list")
@_json
@_owner
@celery_option
def list_webhooks(as_json: bool, owner: str | None, celery_target: str | None) -> None:
    """Show the webhooks, and what came of the last messages."""
    rows = _on_webhooks(celery_target, lambda service: service.rows(owner))
    if as_json:
        shown = {"id", "owner", "url", "wanted", "disabled", "created"}
        found = [(target.model_dump(mode="json", include=shown), health) for target, health in rows]
        click.echo(json.dumps([row | health.model_dump() for row, health in found], indent=2))
        return
    for target, health in rows:
        state = f"disabled: {target.disabled}" if target.disabled else "told"
        failed = f"  failed: {_date(health.failed)} ({health.error})" if health.failed else ""
        click.echo(f"{target.id}  {target.url}  {state}  last sent: {_date(health.sent)}{failed}")


@webhooks.command()
@_webhook
@_owner
@celery_option
def rotate(webhook_id: str, owner: str | None, celery_target: str | None) -> None:
    """Give a webhook another secret, and print it. The one before signs, too, until the next time."""
    _show(_on_webhooks(celery_target, lambda service: service.rotate(owner, webhook_id)))


@webhooks.command()
@_webhook
@_owner
@celery_option
def enable(webhook_id: str, owner: str | None, celery_target: str | None) -> None:
    """Send to a webhook again that was disabled."""
    _on_webhooks(celery_target, lambda service: service.enable(owner, webhook_id))


@webhooks.command()
@_webhook
@_owner
@celery_option
def delete(webhook_id: str, owner: str | None, celery_target: str | None) -> None:
    """Forget a webhook, and what is due to it."""
    _on_webhooks(celery_target, lambda service: service.remove(owner, webhook_id))


@webhooks.command("test")
@_webhook
@_owner
@celery_option
def try_it(webhook_id: str, owner: str | None, celery_target: str | None) -> None:
    """Send a message of the type webhook.test, now, from here; exits with 1 where it is not taken."""
    answer = _on_webhooks(celery_target, lambda service: service.test(owner, webhook_id))
    click.echo(str(answer))
    if not answer.taken:
        raise SystemExit(1)


@webhooks.command()
@_webhook
@_json
@_owner
@celery_option
def deliveries(webhook_id: str, as_json: bool, owner: str | None, celery_target: str | None) -> None:
    """Show the last tries to tell a webhook, the newest first."""
    _list(_on_webhooks(celery_target, lambda service: service.deliveries(owner, webhook_id)), as_json)


@webhooks.command()
@_webhook
@click.argument("message_id", metavar="MESSAGE")
@_owner
@celery_option
def replay(webhook_id: str, message_id: str, owner: str | None, celery_target: str | None) -> None:
    """Send a message once more, under its id."""
    _on_webhooks(celery_target, lambda service: service.replay(owner, webhook_id, message_id))


@webhooks.command("given-up")
@_json
@celery_option
def given_up(as_json: bool, celery_target: str | None) -> None:
    """Show the messages that nobody sends any more, to whichever service or device, the newest first."""
    found = on_redis(celery_target, lambda redis, backend: Records(redis, backend.control).given_up())
    _list(found, as_json)


def _list(found: Iterable[Delivery], as_json: bool) -> None:
    rows: list[dict[str, Any]] = [delivery.model_dump() for delivery in found]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        what = "{message}  to {target}  task {task_id}  try {tries}  {answer}".format(**row)
        click.echo(f"{_date(row['at'])}  {what}")


def _show(target: Target) -> None:
    click.echo(f"{target.id}: keep this secret, it is not shown again.", err=True)
    click.echo(target.secrets[0])


def _date(at: float | None) -> str:
    return "never" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
