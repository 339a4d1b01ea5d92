"""`taskbeam cancel`: ask for tasks to be cancelled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click
import httpx

from taskbeam.cli.follow import exit_codes, words
from taskbeam.cli.follow.gateway_options import client_of, gateway_options
from taskbeam.client import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.client import Client

_SAID = {
    "revoked": "revoked: no worker will run it",
    "requested": "requested: its next report ends it",
    "terminating": "terminating: its process gets a signal",
}


async def _cancel(client: Client, task_ids: Sequence[str], *, terminate: bool) -> int:
    code = 0
    async with client:
        for task_id in task_ids:
            try:
                said = await client.cancel(task_id, terminate=terminate)
                click.echo(f"{task_id}: {_SAID.get(said, said)}")
            except (Refused, httpx.TransportError) as error:
                click.echo(f"{task_id}: {words.reason(error)}", err=True)
                code = exit_codes.REFUSED
    return code


@click.command()
@click.argument("task_ids", nargs=-1, required=True, metavar="ID...")
@click.option("--terminate", is_flag=True, help="End running tasks by signal; the token needs that scope.")
@gateway_options
def cancel(task_ids: tuple[str, ...], url: str, token: str | None, *, terminate: bool) -> None:
    """Cancel tasks.

    Exit code 7 where one of them was refused, such as one that has ended.
    """
    raise SystemExit(asyncio.run(_cancel(client_of(url, token), task_ids, terminate=terminate)))
