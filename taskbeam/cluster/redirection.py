"""What a cluster's refusals ask for. No I/O.

========================  ================================================  ================================
a server answers          because                                           so the command goes
========================  ================================================  ================================
MOVED slot address        the slot has another master                       there, and so do the next ones
ASK slot address          the slot is moving, and the key may be there      there, once, behind ASKING
TRYAGAIN                  the slot is moving, and has the keys in halves    again there, in a moment
CLUSTERDOWN, MASTERDOWN   the slot has no master that answers               again, once the map is read anew
========================  ================================================  ================================

Redis does nothing of what it refuses so. https://valkey.io/topics/cluster-spec/
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

from redis.exceptions import AskError, ClusterDownError, MovedError, TryAgainError

from taskbeam.cluster.slot_map import Address


class Ask(Enum):
    """What a refusal asks for."""

    MOVED = "send it there, and what comes next"
    ONCE = "send it there, behind ASKING"
    LATER = "send it again a little later"
    NO_MASTER = "send it again when the slot has a master"


class Redirection(NamedTuple):
    """``slot`` and ``address`` where the refusal names them; a host that is '' is the one that was asked."""

    asks: Ask
    slot: int = -1
    address: Address = Address("", 0)


_NAMED: Final = re.compile(r"(MOVED|ASK) (\d+) (.*):(\d+)$")


def redirection(error: Exception) -> Redirection | None:
    """Read a refusal, as a class of redis-py or as the text that Redis sent; None = it is no redirection."""
    if isinstance(error, AskError):  # MovedError is one, too
        asks = Ask.MOVED if isinstance(error, MovedError) else Ask.ONCE
        return Redirection(asks, error.slot_id, Address(error.host, error.port))
    if isinstance(error, TryAgainError):
        return Redirection(Ask.LATER)
    if isinstance(error, ClusterDownError):
        return Redirection(Ask.NO_MASTER)
    text = str(error)
    if named := _NAMED.match(text):
        asks = Ask.MOVED if named[1] == "MOVED" else Ask.ONCE
        return Redirection(asks, int(named[2]), Address(named[3].strip("[]"), int(named[4])))
    if text.startswith("TRYAGAIN"):
        return Redirection(Ask.LATER)
    if text.startswith(("CLUSTERDOWN", "MASTERDOWN")):
        return Redirection(Ask.NO_MASTER)
    return None
