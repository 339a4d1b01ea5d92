"""Which requests for a stream are plain: there is one way to understand them, and it is a short one. Pure.

Whatever is unusual, doubtful or wrong is not plain, and left to the application: it knows the rules, and how
to tell a client which of them was broken.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from taskbeam.gateway.auth.credentials import Credentials, find_credentials
from taskbeam.gateway.delivery.cursor import parse_cursor
from taskbeam.gateway.http.negotiation import wants_event_stream
from taskbeam.gateway.http.origins import is_foreign
from taskbeam.gateway.problems import TaskbeamError
from taskbeam.tracing.current import remote_span

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from opentelemetry.trace import SpanContext

    from taskbeam.gateway.http.hosts import AllowedHosts
    from taskbeam.journal.events import EventId

#: The address of a stream: nothing in it is escaped, and it has no parameter but a cursor.
_TARGET = re.compile(rb"/tasks/([A-Za-z0-9._~-]+)/(events|ws)(?:\?after=([0-9-]*))?")

#: A request with a body, or that waits to be told to go on, is no plain one.
_BODY = frozenset({b"content-length", b"transfer-encoding", b"expect"})


class PlainRequest(NamedTuple):
    """GET of a task's stream. ``fields``: its header, each name once, in lower case."""

    task_id: str
    after: EventId | None
    credentials: Credentials | None
    fields: Mapping[bytes, bytes]

    @property
    def span(self) -> SpanContext | None:
        """That of the client, if it traces its requests, and this process does."""
        return remote_span(self.fields.get(b"traceparent"))


def plain_stream(
    target: bytes, headers: Sequence[tuple[bytes, bytes]], hosts: AllowedHosts
) -> PlainRequest | None:
    """A request for an event stream, if it is plain; pages of other sites are not: they need CORS."""
    request = _plain(target, headers, b"events", hosts)
    if request is None or b"origin" in request.fields:
        return None
    return request if wants_event_stream(request.fields.get(b"accept", b"*/*").decode("latin-1")) else None


def plain_socket(
    target: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    hosts: AllowedHosts,
    allowed_origins: Collection[str],
) -> PlainRequest | None:
    """A request for a WebSocket that follows one task, if it is plain."""
    request = _plain(target, headers, b"ws", hosts)
    if request is None or _is_foreign(request.fields, allowed_origins):
        return None
    return request


def _plain(
    target: bytes, headers: Sequence[tuple[bytes, bytes]], kind: bytes, hosts: AllowedHosts
) -> PlainRequest | None:
    match = _TARGET.fullmatch(target)
    if match is None or match[2] != kind:
        return None
    fields = dict(headers)
    if len(fields) != len(headers) or not _BODY.isdisjoint(fields):
        return None
    if not hosts.allow(_text(fields, b"host")):
        return None
    cursor = fields.get(b"last-event-id") if kind == b"events" else None
    try:
        after = parse_cursor((cursor or match[3] or b"").decode("latin-1"))
        credentials = _credentials(fields, subprotocols(fields) if kind == b"ws" else ())
        return PlainRequest(match[1].decode(), after, credentials, fields)
    except TaskbeamError:
        return None


def _credentials(fields: Mapping[bytes, bytes], offered: Sequence[str]) -> Credentials | None:
    authorization = fields.get(b"authorization")
    return find_credentials(
        authorization.decode("latin-1") if authorization is not None else None,
        {},
        [fields[b"cookie"].decode("latin-1")] if b"cookie" in fields else [],
        offered,
    )


def subprotocols(fields: Mapping[bytes, bytes]) -> list[str]:
    """What a WebSocket's client offers to speak."""
    offered = fields.get(b"sec-websocket-protocol", b"").decode("latin-1")
    return [name.strip() for name in offered.split(",")] if offered else []


def _text(fields: Mapping[bytes, bytes], name: bytes) -> str | None:
    return fields[name].decode("latin-1") if name in fields else None


def _is_foreign(fields: Mapping[bytes, bytes], allowed: Collection[str]) -> bool:
    # Whether the proxy that says so is trusted, the application knows; who says https, is held to it.
    scheme = "http" if fields.get(b"x-forwarded-proto", b"http") == b"http" else "https"
    origin, site = _text(fields, b"origin"), _text(fields, b"sec-fetch-site")
    return is_foreign(origin, site, scheme, _text(fields, b"host"), allowed)
