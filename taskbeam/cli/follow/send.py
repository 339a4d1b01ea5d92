"""`taskbeam send`: send a task by the Celery application, and follow it."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext
from typing import Any

import click
from kombu.exceptions import OperationalError

from taskbeam.celery.labels import labelled
from taskbeam.cli.celery_option import celery_option, load_celery
from taskbeam.cli.follow import exit_codes
from taskbeam.cli.follow.display import display_for
from taskbeam.cli.follow.follow import follow_all
from taskbeam.cli.follow.gateway_options import client_of, gateway_options


class _Json(click.ParamType[Any]):
    """A JSON value of one kind."""

    def __init__(self, kind: type, name: str) -> None:
        self._kind = kind
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it; fails with what is wrong."""
        if isinstance(value, self._kind):
            return value
        try:
            found = json.loads(value)
        except ValueError as error:
            self.fail(f"this is no JSON: {error}", param, ctx)
        if not isinstance(found, self._kind):
            self.fail(f"this is no {self.name}", param, ctx)
        return found


@click.command(epilog=exit_codes.HELP)
@click.argument("name")
@click.option("--args", type=_Json(list, "JSON array"), default="[]", help="Positional arguments.")
@click.option("--kwargs", type=_Json(dict, "JSON object"), default="{}", help="Keyword arguments.")
@click.option("--queue", help="Another queue than the one that it is routed to.")
@click.option("--countdown", type=click.FloatRange(0), help="Seconds before it may begin.")
@click.option("--owner", help="Whose the task is.")
@click.option("--wait", is_flag=True, help="Follow it at the gateway, and exit as it ends.")
@celery_option
@gateway_options
def send(
    name: str,
    args: list[Any],
    kwargs: dict[str, Any],
    owner: str | None,
    celery_target: str | None,
    url: str,
    token: str | None,
    *,
    wait: bool,
    **options: Any,
) -> None:
    """Send a task by its NAME, and print its id.

    \b
    taskbeam send reports.generate --args '[123]' --celery shop.tasks:celery --wait
    """
    client = client_of(url, token)
    given = {key: value for key, value in options.items() if value is not None}
    try:
        with nullcontext() if owner is None else labelled(owner=owner):
            sent = load_celery(celery_target).send_task(name, args, kwargs, **given)
    except OperationalError as error:
        raise click.ClickException(f"The broker did not take it: {error}") from None
    except ValueError as error:
        raise click.UsageError(f"This can be no owner: {error}.") from None
    click.echo(sent.id)
    if wait:
        with display_for(several=False) as display:
            raise SystemExit(asyncio.run(follow_all(client, [sent.id], None, display)))
