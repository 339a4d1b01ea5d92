"""An application with a gateway, traced by OpenTelemetry's instrumentation of FastAPI."""

from __future__ import annotations

import os

from celery import Celery
from fastapi import FastAPI, Request
from opentelemetry import trace
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from starlette.responses import Response  # noqa: TC002

from taskbeam.gateway import Gateway
from tests.tracing.spans import provider_writing_to


def app() -> FastAPI:
    """For ``taskbeam serve --factory``."""
    provider = provider_writing_to(os.environ["SPANS"], "gateway")
    trace.set_tracer_provider(provider)
    live = Gateway(Celery(broker=os.environ["JOBS_BROKER"], backend=os.environ["JOBS_BACKEND"]))
    application = FastAPI()
    application.include_router(live.router)

    @application.post("/sums/{name}", status_code=202)
    async def send(request: Request, name: str) -> Response:
        args = [1, 2] if name == "traced.add" else []
        return live.accepted(request, await live.send(name, args))

    # Without a span for each ASGI message: streams have many.
    FastAPIInstrumentor.instrument_app(
        application, tracer_provider=provider, exclude_spans=["receive", "send"]
    )
    return application
