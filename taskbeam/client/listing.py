"""A feed's list, which comes in pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from taskbeam.client.http_exchange import HttpExchange
    from taskbeam.client.token import Token

#: Tasks of one page: as many as a gateway gives.
PAGE = 500


async def pages(
    exchange: HttpExchange,
    address: str,
    token: Token | None,
    *,
    states: Sequence[str] = (),
    limit: int | None = None,
) -> AsyncGenerator[Mapping[str, Any], None]:
    """Yield the pages of a feed's list, from the newest tasks to the oldest; ``limit``: tasks at the most.

    A page may have fewer tasks than it was asked for, or none, and there are more all the same.
    Raises `Refused`; httpx's errors where nothing answered.
    """
    query: dict[str, Any] = {"state": list(states)}
    left = limit
    while True:
        size = PAGE if left is None else min(PAGE, left)
        page = await exchange.call("GET", address, token, params=query | {"limit": size})
        yield page
        if left is not None:
            left -= len(page["tasks"])
        if page["next"] is None or left == 0:
            return
        query["before"] = page["next"]
