"""What is kept for an event loop goes with it, also where the loop was closed without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop


def forget_closed(kept: dict[AbstractEventLoop, Any]) -> None:
    """Drop what is kept by loops that are closed; other threads may keep something meanwhile."""
    for loop in list(kept):
        if loop.is_closed():
            kept.pop(loop, None)
