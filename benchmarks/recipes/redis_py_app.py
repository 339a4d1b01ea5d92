"""The application of both redis-py recipes, as people write it: no task that reads the socket, no JSON."""

import os
from collections.abc import AsyncIterator

from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from redis.asyncio import Redis

from .channels import CHANNEL_PREFIX, REDIS_URL


def create_app() -> FastAPI:
    """Make the application; uvicorn calls this."""
    # The pool's own limit of 100 connections would end the comparison at the hundredth client.
    redis: Redis = Redis.from_url(os.environ[REDIS_URL], decode_responses=True, max_connections=100_000)
    prefix = os.environ[CHANNEL_PREFIX]
    app = FastAPI()

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.websocket("/tasks/{task_id}/ws")
    async def socket(websocket: WebSocket, task_id: str) -> None:
        await websocket.accept()
        async for event in _published(redis, prefix + task_id):
            await websocket.send_text(event)

    @app.get("/tasks/{task_id}/events", response_class=EventSourceResponse)
    async def events(task_id: str) -> AsyncIterator[ServerSentEvent]:
        async for event in _published(redis, prefix + task_id):
            yield ServerSentEvent(raw_data=event)

    @app.get("/tasks/{task_id}/bare-events")
    async def bare_events(task_id: str) -> StreamingResponse:
        async def stream() -> AsyncIterator[str]:
            async for event in _published(redis, prefix + task_id):
                yield f"data: {event}\n\n"

        return StreamingResponse(stream(), media_type="text/event-stream")

    return app


async def _published(redis: Redis, channel: str) -> AsyncIterator[str]:
    async with redis.pubsub() as pubsub:
        await pubsub.subscribe(channel)
        async for message in pubsub.listen():
            if message["type"] == "message":
                yield message["data"]
