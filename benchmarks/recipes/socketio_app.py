"""The application of the python-socketio recipe: whoever connects enters the room of its task."""

import os
from typing import Any
from urllib.parse import parse_qs

import socketio
from fastapi import FastAPI

from .channels import REDIS_URL


def create_app() -> Any:
    """Make the application; uvicorn calls this."""
    manager = socketio.AsyncRedisManager(os.environ[REDIS_URL])
    server = socketio.AsyncServer(async_mode="asgi", client_manager=manager)
    app = FastAPI()

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @server.event  # type: ignore[untyped-decorator]
    async def connect(sid: str, environ: dict[str, Any]) -> None:
        [task_id] = parse_qs(environ["QUERY_STRING"])["task"]
        await server.enter_room(sid, task_id)

    return socketio.ASGIApp(server, app)
