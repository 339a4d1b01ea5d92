"""Run a script over a connection that pipelines, also on a server that does not know it yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.journal.exchange import Exchange
    from taskbeam.journal.resp_connection import Part
    from taskbeam.journal.scripts import Script


async def run_script(connection: Exchange, script: Script, keys: Sequence[Part], *args: Part) -> Any:
    """What the script answers to its keys and its arguments; raises redis-py's errors."""
    given = (len(keys), *keys, *args)
    try:
        [reply] = await connection.execute(("EVALSHA", script.digest, *given))
    except ResponseError as error:
        if not str(error).startswith("NOSCRIPT"):
            raise
        [reply] = await connection.execute(("EVAL", script.text, *given))
    return reply
