"""Applications that say themselves who asks and who may, and fail at it: ``taskbeam serve --app …:PART``."""

import asyncio
import time
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from starlette.requests import HTTPConnection

from taskbeam.gateway import Action, Gateway, Identity, Sender, Task
from tests.cli.shop import celery_app

#: Longer than anybody waits.
LONG = 3600.0


def told(connection: HTTPConnection) -> Identity | None:
    """Who asks, by a header that says what is to go wrong."""
    who = connection.headers.get("x-who", "ada")
    if who == "fails":
        raise LookupError("the login service has no such table")
    if who == "stranger":
        raise HTTPException(401)
    return Identity.for_owner(who)


async def identify(connection: HTTPConnection) -> Identity | None:
    if connection.headers.get("x-who") == "hangs":
        await asyncio.sleep(LONG)
    return told(connection)


def identify_in_a_thread(connection: HTTPConnection) -> Identity | None:
    if connection.headers.get("x-who") == "hangs":
        time.sleep(LONG)
    return told(connection)


async def sender(connection: HTTPConnection) -> Sender:
    await identify(connection)
    return Sender("ada")


def authorize(identity: Identity, action: Action, task: Task) -> bool:  # noqa: ARG001
    if task.id.startswith("fails"):
        raise LookupError("no such row")
    return True


def create(part: str) -> FastAPI:
    """The application that is named."""
    if part == "policy":
        return Gateway(celery_app(), authorize=authorize).asgi()
    ask = identify_in_a_thread if part == "threaded" else identify
    gateway = Gateway(celery_app(), identify=ask, authorize=authorize, identify_sender=sender)
    app = gateway.asgi()

    @app.post("/jobs")
    async def send(found: Annotated[Sender, Depends(gateway.sender)]) -> str | None:
        return found.owner

    return app


def __getattr__(name: str) -> FastAPI:
    if name in ("policy", "identity", "threaded"):
        return create(name)
    raise AttributeError(name)
