"""Many ends are due at once. Ten thousand: ``python -m tests.notifications.backlog``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from taskbeam.notifications.lanes import Pace

from .backlog import tell_behind_a_silent_service, tell_beside_a_dead_service
from .conftest import DB

if TYPE_CHECKING:
    import redis

    from stack.valkey import Valkey

#: More than a sender takes at once; a busy machine sends a few dozen a second.
ENDS = 300


def test_what_is_due_goes_out_in_order_of_age_beside_a_dead_service(
    valkey: Valkey, store: redis.Redis
) -> None:
    assert not store.keys()
    outcome = asyncio.run(tell_beside_a_dead_service(valkey.url(DB), ENDS))
    assert outcome.told == outcome.due
    assert outcome.tries


def test_a_service_that_does_not_answer_holds_up_nobody(valkey: Valkey, store: redis.Redis) -> None:
    """More is due to it than all that may be under way, and it is older."""
    assert not store.keys()
    outcome = asyncio.run(tell_behind_a_silent_service(valkey.url(DB), ENDS))
    assert set(outcome.told) == set(outcome.due)
    assert 0 < outcome.tries <= Pace.NEW.value
