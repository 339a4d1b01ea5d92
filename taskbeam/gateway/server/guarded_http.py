"""uvicorn's HTTP protocol with a limited intake; it has no limits of its own before the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import httptools

from taskbeam.gateway.limits.network import network_of
from taskbeam.gateway.problems import BAD_REQUEST, RESTARTING, TOO_MANY_CONNECTIONS
from taskbeam.gateway.server.connection_life import Phase, Trailers
from taskbeam.gateway.server.proxy_headers import client_of, forwarded_prefix, is_trusted
from taskbeam.gateway.server.request_head import RequestHead
from taskbeam.gateway.server.timed_http import TimedHttp
from taskbeam.gateway.server.unchunked import Unchunked

if TYPE_CHECKING:
    import asyncio

    from taskbeam.gateway.server.intake import Intake
    from taskbeam.gateway.server.websocket import GuardedWebSocket

_END_OF_HEAD = b"\r\n\r\n"


class GuardedHttp(TimedHttp):
    """Tells the life of the connection what comes, and refuses what is too much."""

    def __init__(self, intake: Intake, *args: Any, **kwargs: Any) -> None:
        super().__init__(intake, *args, **kwargs)
        self._offers_another_protocol = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._place = self._intake.room.enter(self, self._network_of_peer())
        self._keep_time()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)
        self._forget()

    def _forget(self) -> None:
        """Let go of what refers back to this object.

        What thousands of connections leave would take the collector tens of milliseconds at once.
        """
        self.cycle = self.scope = self._last = None  # type: ignore[assignment]
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        self._intake.portions.received(self, data)

    # What the portions call.

    def take(self, data: bytes) -> int | None:
        """Of a portion only as much as belongs to one request: what comes behind it waits for its answer."""
        life = self._life
        if not self._hears():
            return None
        if life.phase is Phase.ANSWERING:
            return 0
        if life.phase is not Phase.BODY:
            data = data[: _length_of_head(data)]
        unanswered = life.unanswered
        life.received(len(data))
        rest = memoryview(data)
        while rest:
            rest = self._parse(rest)
        if life.unanswered > unanswered + 1:
            self._intake.portions.spend(life.unanswered - unanswered - 1)
        problem = life.excess()
        if problem is not None and life.is_heard:
            self._refuse(problem)
        self._keep_time()
        return len(data) if self._hears() else None

    def pause(self) -> None:
        self.transport.pause_reading()

    def resume(self) -> None:
        if not self.flow.read_paused:
            self.transport.resume_reading()

    def _hears(self) -> bool:
        return self._last is None and self._life.is_heard

    def _leave(self) -> None:
        self._intake.portions.forget(self)
        super()._leave()

    def _parse(self, data: memoryview) -> memoryview:
        """Returns what is still to be parsed."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._offers_another_protocol:
                self._offers_another_protocol = False
                self._take_without_upgrade()
                return data[upgrade.args[0] :]
            if self._life.phase is Phase.UPGRADING:
                self._when_answered(self.upgrade)
        except httptools.HttpParserError:
            if self._life.is_heard:
                self._refuse(BAD_REQUEST)
        return memoryview(b"")

    def _take_without_upgrade(self) -> None:
        """Let a parser read the head again: without the offer it reads the body, too (RFC 9110, 7.8)."""
        head = self._head().without_upgrade()
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(head)

    # What the parser calls.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._last is None:
            self._life.message_begins()

    def on_headers_complete(self) -> None:
        if self._last is not None or not self._life.is_heard:
            return
        head = self._head()
        problem = head.problem(self._intake.bounds.head_bytes)
        if problem is not None:
            self._refuse(problem)
        elif len(self.connections) > self._intake.connections:
            self._refuse(TOO_MANY_CONNECTIONS)
        elif not self.parser.should_upgrade():
            self._take()
        elif not self._should_upgrade():
            self._offers_another_protocol = True
        elif head.opens_websocket():
            super().on_headers_complete()
            self._life.upgrades()
        else:
            self._refuse(BAD_REQUEST)

    def _take(self) -> None:
        """The request is to be answered."""
        self._believe_the_proxy()
        self._life.head_ends()
        super().on_headers_complete()
        if self.scope["http_version"] == "1.0":
            self.cycle.transport = cast("asyncio.Transport", Unchunked(self.transport))
            self.cycle.waiting_for_100_continue = False  # which it does not know (RFC 9110, 10.1.1)
        self.headers = Trailers(self._life)  # what uvicorn appends to from here on

    def on_body(self, body: bytes) -> None:
        if self._life.phase is Phase.BODY:
            self._life.body(len(body))
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._life.phase is Phase.BODY:
            super().on_message_complete()
            self._life.message_ends()

    # What uvicorn calls.

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._unset_keepalive_if_required()  # the life has a deadline of its own for it
        if self.transport.is_closing():
            self._close()
            return
        self._life.answered()
        if self._last is not None and not self._life.unanswered:
            last, self._last = self._last, None
            last()
        self._keep_time()
        self._intake.portions.go_on(self)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        self._refuse(BAD_REQUEST)

    def upgrade(self) -> None:
        """Speak WebSocket from here."""
        make = cast("type[GuardedWebSocket]", self.ws_protocol_class)
        protocol = make(self.config, self.server_state, self.app_state, self.loop)
        place, self._place = self._place, None
        self._hand_over()
        protocol.open(self.transport, self._head().handshake(), place, self._intake)

    # What the server calls.

    def out_of_time(self) -> None:
        """The server ends now: a client that still waits for an answer is told to come again."""
        cycle = self.cycle
        if self._life.unanswered == 1 and not cycle.response_started and not cycle.disconnected:
            # uvicorn's word for "nothing more of it is sent".
            cycle.disconnected = True
            self._write_last(RESTARTING)

    # What the waiting room calls.

    def turn_out(self) -> None:
        """One too many costs no more than its answer, if it is owed one."""
        owed = self._life.phase is Phase.HEAD and not self._life.unanswered
        self._leave()
        if owed:
            self.transport.write(self._refusal(TOO_MANY_CONNECTIONS))
        if self.transport.get_write_buffer_size():
            self.transport.abort()  # nobody waits for a client that does not read
        else:
            self.transport.close()

    # The rules.

    def _head(self) -> RequestHead:
        return RequestHead(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)

    def _network_of_peer(self) -> str | None:
        """None for a proxy, which speaks for many; they are counted when it says for whom."""
        if self.client is None or self._trusts_peer():
            return None
        return network_of(self.client[0])

    def _trusts_peer(self) -> bool:
        return self.config.proxy_headers and is_trusted(self.client, self.config.forwarded_allow_ips)

    def _believe_the_proxy(self) -> None:
        """Count the client that it speaks for, and add the prefix that it took away to the root path."""
        prefix, trusted = "", self.config.forwarded_allow_ips
        if self.client is not None and self.config.proxy_headers:
            prefix = forwarded_prefix(self.headers, self.client[0], trusted)
        if self._trusts_peer():
            scope = {"type": "http", "client": self.client, "scheme": self.scheme, "headers": self.headers}
            client = client_of(scope, trusted)
            if self._place is not None and client is not None and client != self.client:
                self._place.move(network_of(client[0]))
        self.root_path = prefix + self.config.root_path
        self.scope["root_path"] = self.root_path


def _length_of_head(data: bytes) -> int:
    """Bytes up to the end of a request's head, or all of them."""
    end = data.find(_END_OF_HEAD)
    return len(data) if end < 0 else end + len(_END_OF_HEAD)
