"""The span that is current here.

OpenTelemetry is not imported for it: where nobody has imported it, nobody has a span. So it costs a look into
a dictionary in processes without it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from taskbeam.tracing.traceparent import TRACEPARENT, traceparent_in, traceparent_of

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext, Tracer

_API = "opentelemetry.trace"


def current_span() -> SpanContext | None:
    """The context of the current span; None where nothing is traced."""
    # No import statement: one costs more than all the rest, even of what is loaded.
    api: Any = sys.modules.get(_API)
    if api is None:
        return None
    context: SpanContext = api.get_current_span().get_span_context()
    return context if context.is_valid else None


def remote_span(header: bytes | None) -> SpanContext | None:
    """That which a request's `traceparent` names; None where nothing is traced here."""
    if header is None or _API not in sys.modules:
        return None
    from opentelemetry.trace import get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({TRACEPARENT: header.decode("latin-1")})
    span = get_current_span(context).get_span_context()
    return span if span.is_valid else None


def current_traceparent() -> str | None:
    """The name of the current span; None where nothing is traced."""
    span = current_span()
    return traceparent_of(span) if span is not None else None


def tracer_of(name: str) -> Tracer | None:
    """What makes spans that are said to be of ``name``; None where the application keeps none."""
    if _API not in sys.modules:
        return None
    from opentelemetry.trace import NoOpTracerProvider, ProxyTracerProvider, get_tracer, get_tracer_provider

    if isinstance(get_tracer_provider(), ProxyTracerProvider | NoOpTracerProvider):
        return None  # the interface is there, and nothing behind it
    return get_tracer(name)


def trace_message(headers: dict[str, Any]) -> str | None:
    """The name of the span that a message is sent in, which its ``headers`` say from now on.

    Whoever has put one there before us (OpenTelemetry's instrumentation of Celery, a tracer of another kind)
    is believed. Else it is the current one, in the form that the application's propagators give it.
    """
    if TRACEPARENT in headers:
        return traceparent_in(headers[TRACEPARENT])
    here = current_traceparent()
    if here is not None:
        from opentelemetry.propagate import inject

        inject(headers)
    return here
