"""One list of two: what Redis has, and what the history has. No I/O of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskbeam.gateway.dashboard.older import Placed
    from taskbeam.gateway.dashboard.rows import Row


async def merged(newer: Placed, older: Placed) -> Placed:
    """Rows of both, the newest first, each life of a task once: as ``newer`` has it, where it is there.

    It ends where one of them has looked at enough: behind that place the other one's may not be the next.
    """
    first, second = await anext(newer, None), await anext(older, None)
    told: set[tuple[str, int | None]] = set()
    while first is not None or second is not None:
        if second is None or (first is not None and first[0] >= second[0]):
            assert first is not None
            following, first = first, await anext(newer, None)
        else:
            following, second = second, await anext(older, None)
        place, row = following
        if row is None:
            yield following
            return
        if (life := _life(row)) not in told:
            told.add(life)
            yield place, row


def _life(row: Row) -> tuple[str, int | None]:
    return row["id"], row.get("epoch")
