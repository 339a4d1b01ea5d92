"""The commands that a gateway gives to the Redis with the journals, and which of them it may not give.

Each is tried for real, on keys of its own and on those of a task that does not exist: permissions depend on
the keys and channels, too, and asking for them needs a permission of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.exceptions import NoPermissionError, ResponseError

from taskbeam.gateway.dashboard.every_event import channel_pattern
from taskbeam.journal.entry import new_token
from taskbeam.journal.feeds.names import feed_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from taskbeam.journal.control_keys import ControlKeys
    from taskbeam.journal.keys import JournalNames

#: Seconds after which nothing is left of a try, even if it may not delete.
LIFE = 60

OWN, TASK, RESULT = "{own}", "{task}", "{result}"
CHANNEL, PATTERN = "{channel}", "{pattern}"
FEED, FEED_CHANNEL = "{feed}", "{feed channel}"

#: In an order in which each finds what it works on. What stands in braces is put in; see `refused_commands`.
COMMANDS: tuple[tuple[str | int, ...], ...] = (
    ("PING",),
    ("TIME",),
    ("INFO", "replication"),
    ("SET", f"{OWN}:string", "value", "EX", LIFE),
    ("APPEND", f"{OWN}:string", "value"),
    ("GET", f"{OWN}:string"),
    ("EXISTS", f"{OWN}:string"),
    ("PTTL", f"{OWN}:string"),
    ("TTL", f"{OWN}:string"),
    ("PERSIST", f"{OWN}:string"),
    ("PEXPIRE", f"{OWN}:string", LIFE * 1000),
    ("GETDEL", f"{OWN}:string"),
    ("INCRBY", f"{OWN}:string", 1),
    ("EXPIRE", f"{OWN}:string", LIFE),
    ("DECRBY", f"{OWN}:string", 1),
    ("HSET", f"{OWN}:hash", "field", 1),
    ("EXPIRE", f"{OWN}:hash", LIFE),
    ("HGET", f"{OWN}:hash", "field"),
    ("HEXISTS", f"{OWN}:hash", "field"),
    ("HMGET", f"{OWN}:hash", "field"),
    ("HINCRBY", f"{OWN}:hash", "field", 1),
    ("HLEN", f"{OWN}:hash"),
    ("HEXISTS", f"{OWN}:hash", "field"),
    ("HGETALL", f"{OWN}:hash"),
    ("HSCAN", f"{OWN}:hash", 0),
    ("HKEYS", f"{OWN}:hash"),
    ("HSTRLEN", f"{OWN}:hash", "field"),
    ("HDEL", f"{OWN}:hash", "field"),
    ("ZADD", f"{OWN}:set", 1, "member"),
    ("EXPIRE", f"{OWN}:set", LIFE),
    ("ZRANGE", f"{OWN}:set", 0, -1),
    ("ZREVRANGEBYSCORE", f"{OWN}:set", "+inf", "-inf"),
    ("ZRANGEBYSCORE", f"{OWN}:set", "-inf", "+inf"),
    ("ZMSCORE", f"{OWN}:set", "member"),
    ("ZCARD", f"{OWN}:set"),
    ("ZREM", f"{OWN}:set", "member"),
    ("ZREMRANGEBYSCORE", f"{OWN}:set", "-inf", "+inf"),
    ("XADD", f"{OWN}:stream", "*", "field", "value"),
    ("EXPIRE", f"{OWN}:stream", LIFE),
    ("XRANGE", f"{OWN}:stream", "-", "+"),
    ("RPUSH", TASK, "record"),
    ("EXPIRE", TASK, LIFE),
    ("LLEN", TASK),
    ("LINDEX", TASK, 0),
    ("LRANGE", TASK, 0, -1),
    ("LPOP", TASK),
    ("SET", RESULT, "value", "EX", LIFE),
    ("GETRANGE", RESULT, 0, 1),
    ("RPUSH", FEED, "record"),
    ("EXPIRE", FEED, LIFE),
    ("LRANGE", FEED, 0, -1),
    ("DEL", FEED),
    ("DEL", f"{OWN}:string", f"{OWN}:hash", f"{OWN}:set", f"{OWN}:stream", TASK),
    ("DEL", RESULT),
    ("SCRIPT LOAD", "return 1"),
    ("EVAL", "return 1", 1, TASK),
    ("EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", 1, TASK),
    ("MULTI",),
    ("DISCARD",),
)

#: How events are published and heard: on one server, and in a cluster, whose feeds are told one by one.
#: Celery's own channel of a result hears of a task that is given up.
PUBLISHING = (("PUBLISH", CHANNEL, ""), ("PUBLISH", RESULT, ""), ("SUBSCRIBE", CHANNEL))
SHARDED_PUBLISHING = (
    *(("SPUBLISH", CHANNEL, ""), ("SPUBLISH", RESULT, "")),
    *(("SSUBSCRIBE", CHANNEL), ("SSUBSCRIBE", RESULT)),
    ("PUBSUB", "SHARDNUMSUB", CHANNEL),
    ("CLUSTER", "MYID"),
    ("CLUSTER", "NODES"),
    ("HRANDFIELD", f"{OWN}:hash"),
)

#: Feeds on one server. On a cluster their channels are sharded, as those of tasks are.
FEED_PUBLISHING = (("PUBLISH", FEED_CHANNEL, ""), ("SUBSCRIBE", FEED_CHANNEL))

#: Where Celery's own results are heard.
STOCK_HEARING = (("GET", RESULT), ("PUBSUB", "NUMSUB", CHANNEL), ("SUBSCRIBE", RESULT))

#: Where people and services are told how tasks end.
NOTIFYING = (
    ("SADD", f"{OWN}:targets", "target"),
    ("SMEMBERS", f"{OWN}:targets"),
    ("SREM", f"{OWN}:targets", "target"),
    ("LPUSH", f"{OWN}:given-up", "message"),
    ("LTRIM", f"{OWN}:given-up", 1, 0),
    ("DEL", f"{OWN}:targets", f"{OWN}:given-up"),
    ("WATCH", f"{OWN}:targets"),
    ("UNWATCH",),
)

#: With the dashboard: on one server, and on a cluster.
PATTERN_SUBSCRIBING = (("PSUBSCRIBE", PATTERN), ("SCAN", 0))
READING_NEWS = (("SCAN", 0),)

#: With a history of it.
KEEPING_HISTORY = (
    ("XADD", f"{OWN}:owed", "MAXLEN", "~", 1, "*", "field", "value"),
    ("EXPIRE", f"{OWN}:owed", LIFE),
    ("XLEN", f"{OWN}:owed"),
    ("XTRIM", f"{OWN}:owed", "MINID", "0-1"),
    ("DEL", f"{OWN}:owed"),
)


def needed_commands(
    *,
    sharded: bool,
    dashboard: bool,
    stock: bool = False,
    notifies: bool = False,
    history: bool = False,
) -> Sequence[tuple[str | int, ...]]:
    """What a gateway needs with these options."""
    publishing = SHARDED_PUBLISHING if sharded else (*PUBLISHING, *FEED_PUBLISHING)
    hearing = STOCK_HEARING if stock else ()
    telling = NOTIFYING if notifies else ()
    watching = (READING_NEWS if sharded else PATTERN_SUBSCRIBING) if dashboard else ()
    keeping = KEEPING_HISTORY if history else ()
    return (*COMMANDS, *publishing, *hearing, *telling, *watching, *keeping)


async def refused_commands(
    redis: Redis, control: ControlKeys, commands: Sequence[tuple[str | int, ...]], journals: JournalNames
) -> dict[str, str]:
    """Those that this user may not give, each with what Redis says. Raises redis-py's other errors.

    ``redis`` speaks RESP2, as the gateway's does.
    """
    token = new_token()
    keys = journals.task(f"taskbeam-doctor-{token}")
    feed = feed_keys(f"doctor:{token}", journals.prefix)
    names = {
        OWN: control.doctor(token),
        TASK: keys.log,
        RESULT: keys.result,
        CHANNEL: keys.channel,
        FEED: feed.log,
        FEED_CHANNEL: feed.channel,
        PATTERN: channel_pattern(journals.prefix),
    }
    refused: dict[str, str] = {}
    connection: Any = redis.connection_pool.make_connection()
    try:
        await connection.connect()
        for command in commands:
            await connection.send_command(*(_named(word, names) for word in command))
            try:
                await connection.read_response()
            except NoPermissionError as error:
                refused.setdefault(str(command[0]), str(error))
            except ResponseError:
                pass  # what an older server does not know, its version tells
    finally:
        await connection.disconnect()
    return refused


def _named(word: str | int, names: Mapping[str, str]) -> str | int:
    if isinstance(word, int):
        return word
    for placeholder, name in names.items():
        word = word.replace(placeholder, name)
    return word
