"""Run a script over a connection that pipelines, also on a server that does not know it yet."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from taskbeam.journal.pipelined_connection import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.resp_connection import Part
    from taskbeam.journal.scripts import Script


async def run_script(connection: Exchange, script: Script, keys: Sequence[Part], *args: Part) -> Any:
    """What the script answers to its keys and its arguments; raises redis-py's errors."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    ask_script(connection, script, partial(settle, answer), keys, *args)
    return await answer


def ask_script(
    connection: Exchange, script: Script, then: Callable[[Any], None], keys: Sequence[Part], *args: Part
) -> None:
    """The same for those who do not wait: ``then`` gets the answer, or one of redis-py's errors."""
    given = (len(keys), *keys, *args)
    answered = partial(_answered, connection, script, given, then)
    connection.ask(answered, "EVALSHA", script.digest, *given)


def _answered(
    connection: Exchange, script: Script, given: tuple[Part, ...], then: Callable[[Any], None], reply: Any
) -> None:
    if isinstance(reply, ResponseError) and str(reply).startswith("NOSCRIPT"):
        connection.ask(then, "EVAL", script.text, *given)
    else:
        then(reply)
