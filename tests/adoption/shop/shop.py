"""A shop with its own users, which lets them follow their exports live."""

from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from jobs import celery_app
from starlette.requests import HTTPConnection

from taskbeam.gateway import Gateway, Identity

SESSIONS = {"session-of-ada": "ada", "session-of-bob": "bob"}


async def current_user(connection: HTTPConnection) -> str | None:
    return SESSIONS.get(connection.cookies.get("session", ""))


async def identify(user: Annotated[str | None, Depends(current_user)]) -> Identity | None:
    return Identity.for_owner(user) if user else None


live = Gateway(celery_app, identify=identify)
app = FastAPI()


@app.post("/exports", status_code=202)
async def export(
    request: Request,
    user: Annotated[str | None, Depends(current_user)],
    rows: int,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    if user is None:
        raise HTTPException(401)
    task = await live.send("exports.make", args=[rows], owner=user, idempotency_key=idempotency_key)
    return live.accepted(request, task)


@app.post("/counts", status_code=202)
async def count(request: Request, user: Annotated[str | None, Depends(current_user)], path: str) -> Response:
    if user is None:
        raise HTTPException(401)
    return live.accepted(request, await live.send("logs.count", args=[path], owner=user))
