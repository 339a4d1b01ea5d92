"""What shows that tasks may be followed, and how it is got."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

#: A token, or what gets one: it is asked at the start, and whenever the gateway refuses the one before.
Token = str | Callable[[], str | Awaitable[str]]


async def obtained(token: Token | None) -> str | None:
    """Ask for the token, if it has to be asked for. Raises what the application's function raises."""
    if token is None or isinstance(token, str):
        return token
    found = token()
    return await found if inspect.isawaitable(found) else found
