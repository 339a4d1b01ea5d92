"""`taskbeam feed` and `taskbeam ls`: all tasks of an owner, a tag, a group or a tree."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import httpx

from taskbeam.cli.follow import exit_codes, words
from taskbeam.cli.follow.gateway_options import client_of, gateway_options
from taskbeam.cli.follow.job import Job, after
from taskbeam.client import GapEvent, Refused, RollupEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskbeam.client import Client, FeedEvent


def _line(event: FeedEvent | RollupEvent | GapEvent, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(event.raw, ensure_ascii=False)
    if isinstance(event, GapEvent):
        return "Events are missing; the tasks are listed again."
    if isinstance(event, RollupEvent):
        return words.counts(event.rollup)
    job = after(Job(event.event.task_id), event.event)
    return f"{words.one_line(job.title)} {words.standing(job, event.event.ts)}"


async def _follow(client: Client, feed: str, *, as_json: bool) -> None:
    async with client:
        async for event in client.feed(feed):
            click.echo(_line(event, as_json=as_json))


async def _list(client: Client, feed: str, states: Sequence[str], limit: int, *, as_json: bool) -> None:
    async with client:
        for event in await client.tasks(feed, states=states, limit=limit):
            click.echo(_line(event, as_json=as_json))


@contextmanager
def _in_words(feed: str) -> Iterator[None]:
    """What goes wrong as a sentence, with an exit code."""
    try:
        yield
    except (Refused, httpx.TransportError) as error:
        click.echo(f"{feed}: {words.reason(error)}", err=True)
        raise SystemExit(exit_codes.REFUSED) from None
    except KeyboardInterrupt:
        raise SystemExit(exit_codes.INTERRUPTED) from None


@click.command()
@click.argument("feed", default="owner:me")
@click.option("--json", "as_json", is_flag=True, help="Each event as JSON on a line.")
@gateway_options
def feed(feed: str, url: str, token: str | None, *, as_json: bool) -> None:
    """Follow all tasks of a feed live: owner:me, owner:NAME, tag:TAG, group:ID, tree:ID.

    A line for each task as it is, and then for each change, until you press Ctrl-C.
    """
    with _in_words(feed):
        asyncio.run(_follow(client_of(url, token), feed, as_json=as_json))


@click.command()
@click.argument("feed", default="owner:me")
@click.option(
    "--state", "states", multiple=True, help="Only tasks in this state; open: not ended. Repeatable."
)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Tasks at the most."
)
@click.option("--json", "as_json", is_flag=True, help="Each task as JSON on a line.")
@gateway_options
def ls(feed: str, states: tuple[str, ...], limit: int, url: str, token: str | None, *, as_json: bool) -> None:
    """List the tasks of a feed, the newest first."""
    with _in_words(feed):
        asyncio.run(_list(client_of(url, token), feed, states, limit, as_json=as_json))
