"""Two gateways, one per serving path, and what `taskbeam revoke` does to both."""

from __future__ import annotations

import asyncio
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from app.settings import Settings
from taskbeam.cli.revoke import run as revoke_on
from taskbeam.gateway.connections.celery_application import celery_application
from tests.support.gateway import Gateway, gateway
from tests.support.results import client_of, control, results_at
from tests.support.tokens import TOKENS, bearer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stack.valkey import Valkey
    from tests.support.journal import Task


@contextmanager
def two_gateways(valkey: Valkey, **settings: Any) -> Iterator[list[Gateway]]:
    """They ask for tokens, and know of each other through Redis alone."""
    origin, given = valkey.url().removesuffix("/0"), TOKENS | settings
    with gateway(origin, "detached", **given) as detached, gateway(origin, "portable", **given) as portable:
        yield [detached, portable]


def end(valkey: Valkey, *, tokens: Sequence[str] = (), owners: Sequence[str] = ()) -> None:
    """Revoke, as the command does."""
    settings = Settings(result_backend="taskbeam+" + results_at(valkey.url(1)))
    asyncio.run(revoke_on(celery_application(settings), settings, list(tokens), list(owners)))


def entry(valkey: Valkey, name: str, until: float, at: str = "*") -> None:
    """Add a revocation as another server would; ``at`` is the id by its clock."""
    with closing(client_of(valkey.url(1))) as client:
        client.xadd(control().revocations, {"name": name, "until": until}, id=at)


def lose_all(valkey: Valkey) -> None:
    """What a server that is behind knows of revocations: nothing."""
    with closing(client_of(valkey.url(1))) as client:
        client.delete(control().revocations)


def code(served: Gateway, task: Task, token: str) -> str:
    """What a request with the token is answered; empty if it is good."""
    answer = httpx.get(f"{served.http}/tasks/{task.id}", headers=bearer(token))
    return "" if answer.status_code == 200 else str(answer.json()["code"])
