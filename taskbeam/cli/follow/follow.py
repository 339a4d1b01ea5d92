"""`taskbeam follow`: tasks as they go on, up to their ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click
import httpx

from taskbeam.cli.follow import exit_codes, words
from taskbeam.cli.follow.display import display_for
from taskbeam.cli.follow.gateway_options import client_of, gateway_options
from taskbeam.cli.follow.job import Job, after
from taskbeam.client import Refused
from taskbeam.journal.events import CURSOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.cli.follow.display import Display
    from taskbeam.client import Client


async def follow_all(client: Client, task_ids: Sequence[str], cursor: str | None, display: Display) -> int:
    """Show the tasks until all have ended; returns the exit code."""
    async with client:
        # A pipe that nobody reads any more is one error, not a group: click ends quietly then.
        codes = await asyncio.gather(*(_follow(client, each, cursor, display) for each in task_ids))
    return exit_codes.worst(codes)


async def _follow(client: Client, task_id: str, cursor: str | None, display: Display) -> int:
    job = Job(task_id)
    try:
        # A gateway that is not there is waited for only once it was.
        snapshot = await client.snapshot(task_id)
        async for event in client.follow(task_id, after=cursor):
            job = after(job, event)
            display.show(job, event)
        if not job.final:  # nothing follows the cursor
            job = after(job, snapshot)
    except (Refused, httpx.TransportError) as error:
        display.refuse(task_id, words.reason(error))
        return exit_codes.REFUSED
    return exit_codes.exit_code(job.state, job.error.code if job.error is not None else None)


@click.command(epilog=exit_codes.HELP)
@click.argument("task_ids", nargs=-1, required=True, metavar="ID...")
@click.option("--after", "cursor", metavar="CURSOR", help="Go on from an event's id.  [default: the start]")
@click.option("--json", "as_json", is_flag=True, help="Each event as JSON on a line.")
@gateway_options
def follow(
    task_ids: tuple[str, ...], cursor: str | None, url: str, token: str | None, *, as_json: bool
) -> None:
    """Follow tasks live, up to their ends.

    In a terminal: bars, steps, and what the tasks write. In a pipe: a line for each change.
    """
    if cursor is not None and CURSOR.fullmatch(cursor) is None:
        raise click.UsageError("--after is not the id of an event.")
    try:
        several = [*dict.fromkeys(task_ids)]
        with display_for(several=len(several) > 1, as_json=as_json) as display:
            code = asyncio.run(follow_all(client_of(url, token), several, cursor, display))
    except KeyboardInterrupt:
        code = exit_codes.INTERRUPTED
    raise SystemExit(code)
