"""The application of the sse-starlette recipe."""

import os
from collections.abc import AsyncIterator

from fastapi import FastAPI
from redis.asyncio import Redis
from sse_starlette import EventSourceResponse

from .channels import REDIS_URL, channel


def create_app() -> FastAPI:
    """Make the application; uvicorn calls this."""
    # The pool's own limit of 100 connections would end the comparison at the hundredth client.
    redis: Redis = Redis.from_url(os.environ[REDIS_URL], decode_responses=True, max_connections=100_000)
    app = FastAPI()

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/tasks/{task_id}/events")
    async def events(task_id: str) -> EventSourceResponse:
        async def published() -> AsyncIterator[dict[str, str]]:
            async with redis.pubsub() as pubsub:
                await pubsub.subscribe(channel(task_id))
                async for message in pubsub.listen():
                    if message["type"] == "message":
                        yield {"data": message["data"]}

        return EventSourceResponse(published())

    return app
