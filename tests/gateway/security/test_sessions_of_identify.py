"""A session that an application's `identify` names stays out once it is revoked, also just after a start.

A gateway that is mounted starts with its first request: nothing is known of revocations then.
"""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Annotated, Any, cast

import httpx
import pytest
from fastapi import Depends, FastAPI, WebSocket
from redis.exceptions import ConnectionError as RedisAwayError
from starlette.requests import HTTPConnection

from taskbeam.gateway import GatewaySettings, Identity, Sender
from taskbeam.gateway.auth.caller import Caller
from taskbeam.gateway.auth.guard import Guard
from taskbeam.gateway.auth.shared_api_keys import SharedApiKeys
from taskbeam.gateway.dependencies import dependencies, socket_problems
from taskbeam.gateway.http.browser_safety import Sites
from taskbeam.gateway.http.hosts import allowed_hosts
from taskbeam.gateway.http.problem_details import install_problems
from taskbeam.gateway.problems import TOKEN_REVOKED, UNAVAILABLE, Problem
from taskbeam.journal.control_keys import ONE_SERVER

#: When the sessions began, and until when Ada's were revoked.
SINCE, REVOKED = 1_000.0, 2_000.0


@dataclass
class Server:
    """Redis, as far as it is asked for revocations."""

    away: bool = False
    asked: list[Any] = field(default_factory=list)

    async def xrange(self, *asked: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
        self.asked.append(asked)
        if self.away:
            raise RedisAwayError
        return [(b"1-0", {b"name": b"owner:ada", b"until": str(REVOKED).encode()})]

    def register_script(self, _: object) -> None:
        """Nobody runs one."""


def identify(connection: HTTPConnection) -> Identity:
    return Identity.for_owner(connection.headers["x-who"], issued=SINCE)


def identify_sender(connection: HTTPConnection) -> Sender:
    return Sender("ada", identity=identify(connection))


def application(server: Server, **identified: Any) -> FastAPI:
    """One with a gateway that has just started, and no token keys."""
    settings, nothing = GatewaySettings(), cast("Any", None)
    guard = Guard(settings, None, cast("Any", server), ONE_SERVER, nothing, nothing, None, open_to_all=False)
    found = dependencies(
        lambda: cast("Any", SimpleNamespace(guard=guard)),
        Sites(allowed_hosts((), open_to_all=False), ()),
        60,
        identified.get("identify"),
        identified.get("identify_sender"),
        SharedApiKeys.of(settings),
        tokens=False,
    )
    app = FastAPI()
    install_problems(app)

    @app.get("/caller")
    async def who_asks(caller: Annotated[Caller, Depends(found.caller)]) -> str | None:
        return caller.require_anybody().owner

    @app.get("/sender")
    async def who_sends(sender: Annotated[Sender, Depends(found.sender)]) -> str | None:
        return sender.owner

    @app.websocket("/caller", dependencies=[Depends(socket_problems), Depends(found.caller)])
    async def who_opens(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close(1000)

    return app


def asked(app: FastAPI, path: str, who: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
            return await client.get(path, headers={"X-Who": who})

    return asyncio.run(ask())


def closed(app: FastAPI, who: str) -> int:
    """The code with which a socket is closed."""
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/caller",
        "headers": [(b"x-who", who.encode())],
        "query_string": b"",
    }
    asyncio.run(app(scope, receive, send))
    code: int = sent[-1]["code"]
    return code


@pytest.mark.parametrize(
    ("away", "problem"), [(False, TOKEN_REVOKED), (True, UNAVAILABLE)], ids=["revoked", "nothing is known"]
)
@pytest.mark.parametrize("path", ["/caller", "/sender"])
def test_the_first_request_of_a_revoked_session(path: str, away: bool, problem: Problem) -> None:
    by: Any = {"identify": identify} if path == "/caller" else {"identify_sender": identify_sender}
    answer = asked(application(Server(away), **by), path, "ada")
    assert (answer.status_code, answer.json()["code"]) == (problem.status, problem.code)
    if path == "/caller":
        assert closed(application(Server(away), **by), "ada") == problem.close


def test_another_session_comes_in_and_waits_once() -> None:
    server = Server()
    app = application(server, identify=identify)
    assert [asked(app, "/caller", "bob").json() for _ in range(2)] == ["bob", "bob"]
    assert closed(app, "bob") == 1000
    assert len(server.asked) == 1
