"""What a Redis server says of itself, and whether the gateway may do there what it has to."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from taskbeam.cli.checks.commands import refused_commands

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.keys import JournalNames

#: Settings that are asked for, where the server lets us.
ASKED = ("client-output-buffer-limit", "save")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisFacts:
    """One server.

    - ``info``: its INFO, parsed; empty if it may not be read.
    - ``configured``: its `client-output-buffer-limit` and `save`; what may not be read is not there.
    - ``masters``: of the cluster that it is part of; 0 = of none, or nobody may know.
    - ``clock_difference``: by how many seconds its clock is ahead of this machine's.
    - ``refused``: the commands that we may not give, each with what Redis says.
    """

    info: Mapping[str, Any]
    configured: Mapping[str, str] = field(default_factory=dict)
    masters: int = 0
    clock_difference: float = 0.0
    refused: Mapping[str, str] = field(default_factory=dict)


async def ask_redis(
    redis: Redis,
    control: ControlKeys,
    journals: JournalNames,
    needed: Sequence[tuple[str | int, ...]],
) -> RedisFacts:
    """Ask the server of the journals. Raises redis-py's errors and `OSError`.

    Args:
        redis: as a gateway connects to it.
        control: the names there of what belongs to no task.
        journals: how its tasks are named and told.
        needed: the commands that it gives; see `needed_commands`.
    """
    refused = await refused_commands(redis, control, needed, journals)
    info = await read_info(redis)
    return RedisFacts(
        info=info,
        masters=await _masters(redis) if int(info.get("cluster_enabled", 0)) else 0,
        configured=await read_configured(redis),
        clock_difference=await _clock_difference(redis) if "TIME" not in refused else 0.0,
        refused=refused,
    )


async def read_info(redis: Redis) -> dict[str, Any]:
    """The server's INFO; empty where this user may not read it."""
    try:
        info: dict[str, Any] = await redis.info()
    except ResponseError:
        return {}
    return info


async def read_configured(redis: Redis) -> dict[str, str]:
    """Its settings of the names in `ASKED`; managed servers tell nobody."""
    found: dict[str, str] = {}
    for name in ASKED:
        try:
            answer: Any = await redis.config_get(name)
        except ResponseError:
            continue
        found |= {_text(key): _text(value) for key, value in answer.items()}
    return found


async def _masters(redis: Redis) -> int:
    """Those of the server's cluster that have slots."""
    try:
        state: Any = await redis.execute_command("CLUSTER INFO")
    except ResponseError:
        return 0
    return int(state["cluster_size"])


async def _clock_difference(redis: Redis) -> float:
    """The answer was made halfway, as well as one can know."""
    before = time.time()
    seconds, micros = await redis.time()
    return float(int(seconds) + int(micros) / 1e6 - (before + time.time()) / 2)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
