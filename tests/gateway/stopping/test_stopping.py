"""A gateway ends soon after SIGTERM under any mix of clients, and tells each what is so.

`python -m tests.gateway.stopping.campaign` does the same with hundreds of mixes, and measures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .clients import KINDS
from .stop import Mix, stop_under

if TYPE_CHECKING:
    from stack.valkey import Valkey

#: Seconds for a machine that has other things to do; a gateway that waits for somebody takes longer.
LIMIT = 40.0

#: Whoever leaves at once is not to be waited for; whoever never does, is not to be waited for any longer.
LONG, SHORT = 120, 1

EVERYBODY = tuple(KINDS)
LEAVING = tuple(name for name, kind in KINDS.items() if kind.leaves)


@pytest.mark.parametrize(
    "mix",
    [
        Mix(0, "detached", LEAVING, 0.1),
        Mix(0, "portable", LEAVING, 0.1),
        Mix(0, "detached", EVERYBODY, 0.1),
        Mix(0, "portable", EVERYBODY, 0.1),
        Mix.of(1),
        Mix(0, "detached", LEAVING, 0.1, silent=True),
        Mix(0, "portable", LEAVING, 0.1, silent=True),
    ],
    ids=[
        *("detached, all leave", "portable, all leave", "detached", "portable", "seed 1"),
        *("detached, Redis is silent", "portable, Redis is silent"),
    ],
)
def test_ends_and_tells_no_untruth(mix: Mix, valkey: Valkey) -> None:
    stopped = stop_under(mix, valkey, LONG if mix.leave else SHORT, LIMIT)
    assert stopped.untrue == []
    assert len(stopped.told) == len(mix.kinds)
