"""One span for each end that clients are told, in the task's trace. Events have none: they are too many.

A detached connection passes the application's own instrumentation by, so this is all that is seen of it.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from taskbeam.follow.follower import TracedFollower
from taskbeam.follow.task_channel import TaskChannel
from taskbeam.tracing.current import tracer_of
from taskbeam.tracing.traceparent import TRACEPARENT, traceparent_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.trace import SpanContext, Tracer

    from taskbeam.follow.followed import Followed
    from taskbeam.follow.follower import Follower
    from taskbeam.journal.exchange import Exchange

#: Requests of clients that one span is linked to. The SDK keeps no more by default.
MAX_LINKS = 128


class TracedEnds:
    """Costs a look into a dictionary for each end where nobody traces, else a command to Redis.

    The span's parent is the run that ended the task, else the span that the task was sent in: both are in the
    journal's head, which strangers cannot read.
    """

    def __init__(self, connection: Exchange) -> None:
        self._connection = connection

    def delivered(self, followed: Followed, followers: Sequence[Follower]) -> None:
        """The followers have been written the end of what they follow."""
        tracer = tracer_of("taskbeam.gateway")
        if tracer is None or not isinstance(followed, TaskChannel):
            return
        spans = [each.span for each in followers if isinstance(each, TracedFollower)][:MAX_LINKS]
        attributes = {"messaging.message.id": followed.name, "taskbeam.followers": len(followers)}
        then = partial(_trace, tracer, spans, attributes, time.time_ns())
        self._connection.ask(then, "HMGET", followed.keys.head, "trace", "name", "state", "attempt")


def _trace(
    tracer: Tracer, spans: Sequence[SpanContext], attributes: dict[str, Any], at: int, reply: Any
) -> None:
    if isinstance(reply, Exception):
        return  # Redis is away: the trace ends with the run
    trace, name, state, attempt = (value.decode(errors="replace") if value else "" for value in reply)
    parent = traceparent_in(trace)
    if parent is None:
        return
    from opentelemetry.trace import Link, SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    span = tracer.start_span(
        f"deliver/{name or 'unknown'}",
        TraceContextTextMapPropagator().extract({TRACEPARENT: parent}),
        SpanKind.CONSUMER,
        {
            **attributes,
            "celery.task_name": name,
            "celery.state": state,
            "taskbeam.attempt": int(attempt or 1),
        },
        [Link(each) for each in spans],
        at,
    )
    span.end()
