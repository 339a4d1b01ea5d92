"""What it means that Redis is away, and which of its replies say that it refuses for good."""

from __future__ import annotations

import re
from typing import Final

import hiredis
from redis.exceptions import (
    AskError,
    ClusterDownError,
    DataError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)

#: redis-py raises its own errors for nearly everything. What the system says while a name is looked up or a
#: connection is made, and what the parser in C says of a reply that is cut off, pass it by.
REDIS_AWAY: Final = (RedisError, OSError, hiredis.HiredisError)

#: Answers of a server that may accept the same command later, or elsewhere. To redis-py LOADING is a
#: connection error, MASTERDOWN a kind of `ClusterDownError`, and MOVED one of `AskError`.
_PASSING: Final = (
    AskError,
    ClusterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    TryAgainError,
)

#: The same, where redis-py has no class for it (too few replicas, a disk that fails, a script that runs), or
#: was not asked to find one.
_PASSING_CODES: Final = (
    *("MISCONF ", "NOREPLICAS ", "BUSY ", "MASTERDOWN ", "LOADING "),
    *("MOVED ", "ASK ", "TRYAGAIN ", "CLUSTERDOWN "),
)

#: Before Redis 7, what a command within a script is told: `ERR Error running script (…): -OOM command not …`.
_IN_A_SCRIPT: Final = re.compile(
    r"running script.*-(OOM|READONLY|MISCONF|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN) ", re.DOTALL
)


def refuses_for_good(error: Exception) -> bool:
    """Whether the same command would fail again: it cannot be sent, or Redis has answered so."""
    if isinstance(error, _PASSING) or str(error).startswith(_PASSING_CODES):
        return False
    if _IN_A_SCRIPT.search(str(error)):
        return False
    return isinstance(error, (ResponseError, DataError))
