"""The application of the broadcaster recipe, after the chat of its README."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from broadcaster import Broadcast
from fastapi import FastAPI, WebSocket

from .channels import REDIS_URL, channel


def create_app() -> FastAPI:
    """Make the application; uvicorn calls this."""
    broadcast = Broadcast(os.environ[REDIS_URL])

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # noqa: ARG001
        async with broadcast:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.websocket("/tasks/{task_id}/ws")
    async def socket(websocket: WebSocket, task_id: str) -> None:
        await websocket.accept()
        async with broadcast.subscribe(channel=channel(task_id)) as subscriber:
            async for event in subscriber:
                await websocket.send_text(event.message)

    return app
