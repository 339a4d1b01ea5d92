"""The HTTP protocol: a request may take the shortcut, and a response's connection can be detached."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from taskbeam.background.log_fields import about
from taskbeam.gateway.problems import UNAVAILABLE
from taskbeam.gateway.server.connection_life import Phase
from taskbeam.gateway.server.detach import EXTENSION, Detached
from taskbeam.gateway.server.guarded_http import GuardedHttp
from taskbeam.gateway.server.proxy_headers import client_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from taskbeam.gateway.server.detach import DetachedProtocol
    from taskbeam.gateway.server.intake import Intake
    from taskbeam.gateway.shortcut.interface import Pending, Shortcut


class DetachableHttp(GuardedHttp):
    """One request's connection can be taken over; it does not come back to HTTP."""

    def __init__(self, intake: Intake, shortcut: Shortcut | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(intake, *args, **kwargs)
        self._shortcut = None if self.root_path else shortcut
        self._pending: Pending | None = None
        #: The request that is being answered; others may have come behind it.
        self._answering: RequestResponseCycle | None = None
        self._stopping = False

    # What the server calls.

    def shutdown(self) -> None:
        super().shutdown()
        self._stopping = True

    def connection_lost(self, exc: Exception | None) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.gone()
        super().connection_lost(exc)

    def _forget(self) -> None:
        super()._forget()
        self._answering = None

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._pending is not None:
            # Another request behind it: uvicorn knows how to answer them in order.
            self._pending.gone()
            self.decline()
        super().on_message_begin()
        scope = cast("dict[str, Any]", self.scope)
        scope["extensions"] = {EXTENSION: {"detach": self.detach}}

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        # Of pipelined requests only the newest is still at hand.
        if self._shortcut is not None and cycle is self.cycle and self._may_take_shortcut():
            self._pending = self._shortcut.stream(self)
        if self._pending is None:
            super()._start_asgi_task(cycle, app)
        else:
            self._pending.begin()

    def upgrade(self) -> None:
        if self._shortcut is None or not self._may_take_shortcut() or not self._shortcut.socket(self):
            super().upgrade()

    def _may_take_shortcut(self) -> bool:
        return self.scope["method"] == "GET" and self.scope["http_version"] == "1.1"

    # What the application calls.

    def detach(self, protocol: DetachedProtocol) -> Detached:
        """Let ``protocol`` write the body; the app returns without another ASGI message."""
        cycle = self._answering
        if cycle is None or cycle.disconnected or self.transport.is_closing():
            return Detached.GONE
        if not cycle.response_started or cycle.scope["http_version"] == "1.0":
            return Detached.REFUSED
        # uvicorn's word for "the app owes no more messages".
        cycle.disconnected = True
        cycle.message_event.set()
        self.flow.resume_reading()
        self._let_go(protocol)
        return Detached.DONE

    # What the shortcut calls.

    def fields(self) -> Sequence[tuple[bytes, bytes]]:
        return cast("Sequence[tuple[bytes, bytes]]", self.scope["headers"])

    def client_host(self) -> str | None:
        client = self._client()
        return client[0] if client is not None else None

    def default_headers(self) -> Sequence[tuple[bytes, bytes]]:
        return self.server_state.default_headers

    def hand_over(self, status: int, protocol: DetachedProtocol) -> bool:
        self._pending = None
        if self.transport.is_closing() or self._life.phase is Phase.CLOSING:
            return False
        if self.access_log and self.access_logger.isEnabledFor(logging.INFO):
            self._log(status)
        self._let_go(protocol)
        return True

    def decline(self) -> None:
        self._pending = None
        assert self._answering is not None
        if self._life.phase is Phase.CLOSING:
            return
        super()._start_asgi_task(self._answering, self.app)

    def unavailable(self) -> None:
        self._pending = None
        self._life.withdrawn()
        self._when_answered(partial(self._write_last, UNAVAILABLE))

    def _client(self) -> tuple[str, int] | None:
        if not self.config.proxy_headers:
            return self.client
        return client_of(cast("dict[str, Any]", self.scope), self.config.forwarded_allow_ips)

    def _log(self, status: int) -> None:
        """As uvicorn does; its formatter takes these arguments apart."""
        client = self._client()
        address = "{}:{}".format(*client) if client is not None else ""
        target = self.url.decode("latin-1")
        said = (address, "GET", target, "1.1", status)
        self.access_logger.info('%s - "%s %s HTTP/%s" %d', *said, extra=about())

    def _let_go(self, protocol: DetachedProtocol) -> None:
        self._hand_over()
        self.transport.set_protocol(cast("asyncio.BaseProtocol", protocol))
        protocol.taken_over(self.transport, self.connections)
        # These refer back to this object, which would be left to the garbage collector.
        del self.parser, self.cycle, self.scope, self._answering
        if self._stopping:
            # The server has told its connections already. This one is told when it has its first events.
            asyncio.get_running_loop().call_soon(protocol.shutdown)
