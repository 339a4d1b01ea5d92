"""All metrics of a gateway, as a table: their names, what they mean, and where their values come from.

Names and units are as Prometheus asks for (https://prometheus.io/docs/practices/naming/).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from taskbeam import __version__
from taskbeam.gateway import problems
from taskbeam.measures.client_counts import Transport
from taskbeam.measures.follow_counts import POLLED, PUSHED
from taskbeam.measures.histogram import Histogram

if TYPE_CHECKING:
    from taskbeam.gateway.metrics.surroundings import Facts
    from taskbeam.gateway.runtime import Runtime


class Kind(StrEnum):
    """Prometheus' words for what a value is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Now:
    """What is read: a gateway, and what Redis said just now; None where it did not answer."""

    gateway: Runtime
    facts: Facts | None


#: A value; or values by that of the label; or nothing, where it is not known.
Values = float | Mapping[str, float] | Histogram | None


class Metric(NamedTuple):
    """One row. ``label``: the name of its only label, if it has one."""

    name: str
    kind: Kind
    help: str
    read: Callable[[Now], Values]
    label: str | None = None


def _counter(name: str, help: str, read: Callable[[Now], Values], label: str | None = None) -> Metric:  # noqa: A002
    return Metric(f"taskbeam_{name}_total", Kind.COUNTER, help, read, label)


def _gauge(name: str, help: str, read: Callable[[Now], Values], label: str | None = None) -> Metric:  # noqa: A002
    return Metric(f"taskbeam_{name}", Kind.GAUGE, help, read, label)


def _histogram(name: str, help: str, read: Callable[[Now], Values]) -> Metric:  # noqa: A002
    return Metric(f"taskbeam_{name}", Kind.HISTOGRAM, help, read)


#: A label's values that are known beforehand are there from the beginning, as 0: what is absent has no rate.
_TRANSPORTS: dict[str, float] = dict.fromkeys(Transport, 0)
_DELIVERIES: dict[str, float] = dict.fromkeys((PUSHED, POLLED), 0)
_GAPS: dict[str, float] = dict.fromkeys(("trimmed", "epoch", "unheard"), 0)
_FINDINGS: dict[str, float] = dict.fromkeys(("stalled", "recovered", "lost"), 0)
_KEPT: dict[str, float] = dict.fromkeys(("kept", "refused", "away"), 0)
_NOTIFIED: dict[str, float] = dict.fromkeys(("taken", "refused", "given_up", "unwanted"), 0)
_CODES: dict[str, float] = {
    problem.code: 0 for problem in vars(problems).values() if isinstance(problem, problems.Problem)
}


def _facts(read: Callable[[Facts], Values]) -> Callable[[Now], Values]:
    return lambda now: None if now.facts is None else read(now.facts)


METRICS = (
    _gauge("build_info", "The version that runs; always 1.", lambda _: {__version__: 1}, "version"),
    # Clients.
    _gauge(
        "connections",
        "Connections that follow, by transport. A poll is one while it is answered.",
        lambda now: _TRANSPORTS | now.gateway.measures.clients.connections,
        "transport",
    ),
    _counter(
        "connections_opened",
        "Connections that were admitted, by transport.",
        lambda now: _TRANSPORTS | now.gateway.measures.clients.opened,
        "transport",
    ),
    _gauge(
        "subscriptions",
        "Those who follow a task or a feed now: a stream, a socket for one task, a subscription of a socket "
        "for many, or a poll that waits.",
        lambda now: now.gateway.measures.following.subscriptions,
    ),
    _gauge(
        "subscriptions_paused",
        "Those who wait until their client reads again. They cost no memory, and catch up from the journal.",
        lambda now: now.gateway.measures.following.paused,
    ),
    _counter(
        "subscription_pauses",
        "How often one of them began to wait for a slow client.",
        lambda now: now.gateway.measures.following.pauses,
    ),
    _counter(
        "subscriptions_opened",
        "Streams, sockets and subscriptions that began to follow. Polls are not counted.",
        lambda now: now.gateway.measures.following.opened,
    ),
    _counter(
        "subscriptions_resumed",
        "Of them, those with a cursor: the client had followed before, and came back.",
        lambda now: now.gateway.measures.following.resumed,
    ),
    _counter(
        "problems",
        "What clients were told is wrong, by the code of the problem.",
        lambda now: _CODES | now.gateway.measures.clients.problems,
        "code",
    ),
    # Events.
    _gauge(
        "channels", "Tasks and feeds that somebody follows here.", lambda now: len(now.gateway.hub.followed())
    ),
    _counter(
        "records_heard",
        "Records that Redis published to this gateway.",
        lambda now: now.gateway.measures.following.heard,
    ),
    _counter(
        "events",
        "Events that clients were given: pushed into a stream or a socket, or polled.",
        lambda now: _DELIVERIES | now.gateway.measures.following.events,
        "delivery",
    ),
    _counter(
        "event_bytes",
        "Bytes of these events' JSON, without what a transport puts around it.",
        lambda now: _DELIVERIES | now.gateway.measures.following.bytes,
        "delivery",
    ),
    _counter(
        "events_replayed",
        "Events that followers were due from a journal: to begin, to go on from a cursor, or to catch up.",
        lambda now: now.gateway.measures.following.replayed,
    ),
    _counter(
        "gaps",
        "Gaps that clients were told of, by reason.",
        lambda now: _GAPS | now.gateway.measures.following.gaps,
        "reason",
    ),
    _histogram(
        "delivery_latency_seconds",
        "From a record's ts to the moment when all its live followers were given it; as far as clocks agree.",
        lambda now: now.gateway.measures.following.latency,
    ),
    _histogram(
        "replay_seconds",
        "From the moment when a journal is to be read for followers to the moment when they were given it.",
        lambda now: now.gateway.measures.following.replay_seconds,
    ),
    _counter(
        "tasks_sent",
        "Tasks that were sent through this gateway, by name: the first 100 names, and other.",
        lambda now: dict(now.gateway.measures.sent.items()),
        "name",
    ),
    # Redis.
    _gauge(
        "redis_up",
        "Whether Redis answered this scrape within two seconds.",
        lambda now: now.facts is not None,
    ),
    _gauge(
        "redis_connected",
        "Whether there is a connection for what is published (subscribing), and one for reads (reading).",
        lambda now: {
            "subscribing": now.gateway.subscriber.connected,
            "reading": now.gateway.connection.connected,
        },
        "purpose",
    ),
    _counter(
        "redis_connects",
        "How often each of these connections was made.",
        lambda now: {
            "subscribing": now.gateway.measures.redis.subscribing,
            "reading": now.gateway.measures.redis.reading,
        },
        "purpose",
    ),
    _counter(
        "redis_commands",
        "Commands over the connection for reads.",
        lambda now: now.gateway.measures.redis.commands,
    ),
    _counter(
        "redis_round_trips",
        "In how many round trips they went.",
        lambda now: now.gateway.measures.redis.round_trips,
    ),
    _counter("journal_reads", "Reads of a journal.", lambda now: now.gateway.measures.redis.journal_reads),
    _counter(
        "journal_read_failures",
        "Reads of a journal that were answered with an error, or not at all.",
        lambda now: now.gateway.measures.redis.failed_reads,
    ),
    # The gateway's own work.
    _counter(
        "background_restarts",
        "How often background work failed and started again, by its name.",
        lambda now: now.gateway.background.restarts,
        "work",
    ),
    _gauge(
        "background_failing",
        "Pieces of background work that fail now; /readyz names them.",
        lambda now: len(now.gateway.background.failing()),
    ),
    _counter(
        "notifications",
        "Messages to services and devices about ends: taken, refused (each time), given_up, or unwanted by "
        "whoever it was for.",
        lambda now: _NOTIFIED | now.gateway.measures.notified,
        "outcome",
    ),
    _counter(
        "history_rows",
        "Rows of tasks that have ended, by what the database of the history did: kept, refused, or away "
        "(each time).",
        lambda now: _KEPT | now.gateway.measures.history,
        "outcome",
    ),
    # Workers and queues, as Redis has them: the same from every gateway.
    _counter(
        "watchdog_runs",
        "Runs that this gateway's watchdog was the first to tell of: stalled, recovered or lost.",
        lambda now: _FINDINGS | now.gateway.measures.found,
        "finding",
    ),
    _gauge(
        "workers",
        "Workers whose lease holds (alive), or has ended and left runs behind (gone).",
        _facts(lambda facts: facts.workers),
        "state",
    ),
    _gauge("runs", "Runs that are registered under a worker.", _facts(lambda facts: facts.running)),
    _gauge("queue_depth", "Messages that wait, by queue.", _facts(lambda facts: facts.depths), "queue"),
    _gauge(
        "queue_slots",
        "Tasks that the live workers of a queue run at once.",
        _facts(lambda facts: facts.slots),
        "queue",
    ),
)
