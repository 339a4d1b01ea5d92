"""Answers plain requests for a task's stream at once.

A request costs uvicorn, ASGI, the middleware and FastAPI several times what following a task costs, and after
a restart every client makes one (`python -m benchmarks.reconnect_cost` measures it). What happens here is
what happens there, by the same parts; whatever ends otherwise than in a stream is left to the application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.background.log_fields import serving
from taskbeam.gateway.auth.identity import ANYONE
from taskbeam.gateway.auth.socket_auth import SocketAuth
from taskbeam.gateway.http.browser_safety import safety_headers
from taskbeam.gateway.problems import TaskbeamError
from taskbeam.gateway.shortcut.handshake import switching_protocols
from taskbeam.gateway.shortcut.opening import ShortcutOpening
from taskbeam.gateway.shortcut.plain_request import plain_socket, plain_stream
from taskbeam.gateway.transports.detached_socket import DetachedSocket
from taskbeam.gateway.transports.stream import HEADERS, EventStreamResponse
from taskbeam.gateway.transports.task_session import TaskSession
from taskbeam.measures.client_counts import Transport

#: What `CORSMiddleware` makes of the same header.
ALSO_FOR_OTHER_SITES = {"Vary": f"{HEADERS['Vary']}, Origin"}

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from taskbeam.gateway.auth.guard import Guard
    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.http.hosts import AllowedHosts
    from taskbeam.gateway.limits.admission import Admission
    from taskbeam.gateway.runtime import Runtime
    from taskbeam.gateway.shortcut.interface import Connection, Pending
    from taskbeam.gateway.shortcut.plain_request import PlainRequest


class StreamShortcut:
    """The gateway's `Shortcut`."""

    def __init__(
        self, start: Callable[[], Runtime], hosts: AllowedHosts, allowed_origins: Collection[str]
    ) -> None:
        """``start`` returns the gateway that runs, or starts it; ``hosts`` are what it answers to."""
        self._start = start
        self._hosts = hosts
        self._allowed_origins = frozenset(allowed_origins)
        self._stream_head = _stream_head(HEADERS | (ALSO_FOR_OTHER_SITES if allowed_origins else {}))

    def stream(self, connection: Connection) -> Pending | None:
        """Follow the task, and answer when there is something to tell."""
        request = plain_stream(connection.url, connection.fields(), self._hosts)
        if request is None:
            return None
        gateway = self._start()
        if not gateway.subscriber.connected:
            return None
        if request.credentials is None and not gateway.guard.open:
            return None  # it is refused, and is to take nobody's place before
        admission = self._admit(gateway, request, connection, Transport.SSE)
        if admission is None:
            return None
        return ShortcutOpening(
            gateway, request, connection, admission, lambda: self._head(connection.default_headers())
        )

    def socket(self, connection: Connection) -> bool:
        """Shake hands, and let a session speak."""
        request = plain_socket(connection.url, connection.fields(), self._hosts, self._allowed_origins)
        if request is None:
            return False
        head = switching_protocols(request.fields, connection.default_headers())
        gateway = self._start()
        admission = self._admit(gateway, request, connection, Transport.WEBSOCKET) if head else None
        if head is None or admission is None:
            return False
        settings = gateway.settings
        socket = DetachedSocket(gateway.heartbeats, gateway.portions, settings.max_message_bytes)
        with serving(admission.number):
            handed_over = connection.hand_over(101, socket)
        if handed_over:
            socket.write(head)
            auth = SocketAuth(gateway.guard, admission, request.span)
            socket.begin(
                TaskSession(socket, gateway.hub, auth, request.task_id, request.after, settings.auth_timeout)
            )
        else:
            admission.leave()
        return True

    def _head(self, default_headers: Sequence[tuple[bytes, bytes]]) -> bytes:
        told = b"".join(b"%b: %b\r\n" % header for header in default_headers)
        return b"HTTP/1.1 200 OK\r\n%b%b\r\n" % (told, self._stream_head)

    @staticmethod
    def _admit(
        gateway: Runtime, request: PlainRequest, connection: Connection, transport: Transport
    ) -> Admission | None:
        try:
            identity = _identity(gateway.guard, request)
            return gateway.guard.admissions.admit(connection.client_host(), identity, transport)
        except TaskbeamError:
            return None


def _identity(guard: Guard, request: PlainRequest) -> Identity | None:
    """As `identity_by_token`, which also redeems tickets; raises `TaskbeamError`."""
    credentials = request.credentials
    if guard.open:
        return ANYONE
    return guard.verify(credentials.token or "") if credentials is not None else None


def _stream_head(headers: dict[str, str]) -> bytes:
    """What does not change in the head of an event stream."""
    headers = (
        headers
        | {"Content-Type": f"{EventStreamResponse.media_type}; charset=utf-8"}
        | safety_headers("/tasks/")
        | {"Transfer-Encoding": "chunked"}
    )
    return b"".join(f"{name.lower()}: {value}\r\n".encode() for name, value in headers.items())
