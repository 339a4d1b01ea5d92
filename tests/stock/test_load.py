"""A small form of `python -m tests.stock.scenario`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .conftest import heard_on_one_server
from .scenario import Gateways, follow_all, judge

if TYPE_CHECKING:
    import redis

    from stack.valkey import Valkey

pytestmark = heard_on_one_server


def test_every_client_has_the_journal_and_nothing_is_missed_unseen(
    valkey: Valkey, client: redis.Redis
) -> None:
    """Four tasks at 200 updates a second, 24 clients, and a gateway killed meanwhile."""
    task_ids = [f"load-{number}" for number in range(4)]
    with Gateways(valkey) as gateways:
        published, seen = asyncio.run(follow_all(gateways, client, task_ids, 100, 200, kills=1))
    judge(client, seen, published)
