"""What a server was asked, whoever asked it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import redis

from .conftest import DB

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.valkey import Valkey


def commands(valkey: Valkey, action: Callable[[], object]) -> list[str]:
    """The names of the commands that `DB` runs meanwhile, those of scripts included, without set-up."""
    with redis.Redis.from_url(valkey.url(DB)) as client, client.monitor() as monitor:
        end = str(uuid4())
        action()
        with redis.Redis.from_url(valkey.url(DB)) as other:
            other.echo(end)
        names: list[str] = []
        for heard in monitor.listen():
            if end in heard["command"]:
                return [name for name in names if name not in {"CLIENT", "SELECT", "HELLO", "ECHO"}]
            if heard["db"] == DB:
                names.append(heard["command"].split(" ", 1)[0].upper())
    raise AssertionError("the server stopped")
