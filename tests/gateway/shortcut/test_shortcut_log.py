"""The access log knows of what the application was not asked, and of no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.support.event_stream import EventStream
from tests.support.gateway import Gateway, gateway
from tests.support.raw_websocket import RawWebSocket
from tests.support.tokens import TOKENS, bearer, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.journal import Task


@pytest.fixture
def served(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """Of each test's own: only the last lines of a log are kept. It trusts this machine's proxies."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "127.0.0.1")
    with gateway(valkey.url().removesuffix("/0"), log_level="info", **TOKENS) as running:
        yield running


def logged(served: Gateway, text: str) -> list[str]:
    """The lines of the log with a text, which is there or still to come."""
    wait_until(lambda: text in served.process.output, lambda: f"{text!r} in\n{served.process.output}")
    return [line for line in served.process.output.splitlines() if text in line]


class TestTheAccessLog:
    def test_names_a_socket_as_the_request_that_it_was(self, served: Gateway, task: Task) -> None:
        token = sign(tasks=[task.id])
        plain, other = f"/tasks/{task.id}/ws?after=", f"/tasks/{task.id.replace('-', '%2D')}/ws?after="
        for path in (plain, other):
            with RawWebSocket(served, path, headers=bearer(token)) as socket:
                assert socket.body() == task.bodies()[0]
        # The application's server tells it otherwise.
        [accepted] = logged(served, "[accepted]")
        assert "WebSocket" in accepted
        [line] = logged(served, " 101")
        assert line.startswith("INFO:     127.0.0.1:")
        assert line.endswith(f'"GET {plain} HTTP/1.1" 101 Switching Protocols')

    def test_names_a_stream(self, served: Gateway, task: Task) -> None:
        with EventStream(served, task.id, "?after=", headers=bearer(sign(tasks=[task.id]))) as stream:
            stream.body()
        [line] = logged(served, task.id)
        assert line.endswith(f'"GET /tasks/{task.id}/events?after= HTTP/1.1" 200 OK')

    def test_names_the_client_that_a_proxy_speaks_for(self, served: Gateway, task: Task) -> None:
        headers = bearer(sign(tasks=[task.id])) | {"X-Forwarded-For": "192.0.2.7"}
        with (
            EventStream(served, task.id, headers=headers),
            RawWebSocket(served, f"/tasks/{task.id}/ws", headers=headers),
        ):
            logged(served, " 101")
            stream, socket = logged(served, task.id)
        assert "192.0.2.7:0 - " in stream
        assert "192.0.2.7:0 - " in socket

    def test_names_no_secret(self, served: Gateway, task: Task) -> None:
        token = sign(tasks=[task.id])
        answer = httpx.post(f"{served.http}/tasks/{task.id}/tickets", headers=bearer(token))
        ticket = answer.raise_for_status().json()["ticket"]
        headers: list[dict[str, str]] = [
            bearer(token),
            {"Cookie": f"__Secure-taskbeam={token}"},
            {"Sec-WebSocket-Protocol": f"taskbeam, taskbeam.token.{token}"},
        ]
        for each in headers:
            with EventStream(served, task.id, headers=each):
                pass
            with RawWebSocket(served, f"/tasks/{task.id}/ws", headers=each) as socket:
                assert socket.body() == task.bodies()[0]
        with RawWebSocket(served, f"/tasks/{task.id}/ws?ticket={ticket}") as socket:
            assert socket.body() == task.bodies()[0]
        with EventStream(served, task.id, f"?after=&ticket={ticket}") as stream:
            assert stream.status == 401  # it was good for once
        [line] = logged(served, "/events?after=&ticket=")
        assert "ticket=[secret]" in line
        assert ticket not in served.process.output
        assert not [part for part in token.split(".") if part in served.process.output]
