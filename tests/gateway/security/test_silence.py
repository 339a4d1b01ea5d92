"""For how long a socket may be silent about whose it is, and for how long it may follow nothing.

The rules go by a clock that the test plays; a real gateway sends away who says nothing from the start.
"""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.follow.outputs import End
from taskbeam.gateway.auth.identity import Identity
from taskbeam.gateway.auth.socket_auth import SocketAuth
from taskbeam.gateway.limits.admission import AdmissionControl, Limits
from taskbeam.gateway.problems import UNAUTHENTICATED, TaskbeamError
from taskbeam.gateway.transports.multiplex_session import MultiplexSession
from taskbeam.gateway.transports.task_session import TaskSession
from taskbeam.measures.follow_counts import FollowCounts
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.tokens import TOKENS, bearer, sign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.gateway import Gateway
    from tests.support.journal import Task

#: Seconds, as the clock of these tests goes; and for how long a socket is looked at.
AUTH_TIMEOUT, IDLE_TIMEOUT, LONG = 10, 60, 1000

SETTINGS = TOKENS | {"auth_timeout": 1, "idle_timeout": 1}


class Hub:
    """Every task is there, says nothing, and ends when it is told to."""

    def __init__(self) -> None:
        self.counts = FollowCounts()
        self._sinks: dict[str, Any] = {}

    def follow(self, task_id: str, _: object, sink: Any, *__: object, **___: object) -> Any:
        self._sinks[task_id] = sink
        return SimpleNamespace(cancel=lambda: None)

    def finish(self, task_id: str) -> None:
        self._sinks[task_id].finish(End.FINISHED)


class Socket:
    """A client that reads at once."""

    paused = False

    def __init__(self) -> None:
        self.closed: str | None = None

    def send_text(self, _: bytes) -> None:
        """Nobody reads what it is told."""

    def close(self, _: int, reason: str, *__: object) -> None:
        self.closed = reason


def verify(token: str) -> Identity:
    """The token of these tests is good for every task, and has no end."""
    if token != "good":
        raise TaskbeamError(UNAUTHENTICATED)
    return Identity(token_id=token)


STRANGER, KNOWN = None, Identity(token_id="good")


def allow(*asked: Any) -> None:
    asked[-1](None)


GUARD: Any = SimpleNamespace(verify=verify, access=SimpleNamespace(ask=allow))

#: What a client says; and the task that it follows may end.
PING = {"op": "ping"}
AUTH, BAD_AUTH = ({"op": "auth", "token": token} for token in ("good", "bad"))
FOLLOW_A, FOLLOW_B = ({"op": "subscribe", "task_id": name} for name in "ab")
LEAVE_A, LEAVE_B = ({"op": "unsubscribe", "task_id": name} for name in "ab")
FOLLOW_WITH_A_TOKEN = FOLLOW_A | {"token": "good"}
A_ENDS = {"end": "a"}


def of_many(socket: Any, hub: Any, auth: SocketAuth) -> Any:
    times: Any = {"auth_timeout": AUTH_TIMEOUT, "idle_timeout": IDLE_TIMEOUT, "redis_timeout": LONG}
    return MultiplexSession(socket, hub, auth, 10, **times)


def of_one(socket: Any, hub: Any, auth: SocketAuth) -> Any:
    return TaskSession(socket, hub, auth, "a", None, AUTH_TIMEOUT)


async def life(begin: Callable[..., Any], identity: Identity | None, happens: Mapping[int, Any]) -> Any:
    """In which second a socket is closed, and why; None if it stays. ``happens``: what, in which second."""
    now = 0.0
    nobody_is: Any = SimpleNamespace(revoked=lambda _: False)
    book = AdmissionControl(Limits(9, 9, 9, messages=100, bytes=10_000), nobody_is, clock=lambda: now)
    socket, hub = Socket(), Hub()
    session = begin(socket, hub, SocketAuth(GUARD, book.admit(None, identity)))
    for second in range(LONG):
        now = float(second)
        match happens.get(second):
            case {"end": task_id}:
                hub.finish(task_id)
            case {"op": _} as message:
                session.received(json.dumps(message))
        book.sweep(1)
        if socket.closed is not None:
            session.closed()
            return second, socket.closed
    session.closed()
    return None


@pytest.mark.parametrize(
    ("begin", "identity", "happens", "end"),
    [
        pytest.param(of_one, STRANGER, {}, (10, "unauthenticated"), id="a stranger at a task"),
        pytest.param(of_one, STRANGER, {9: AUTH}, None, id="a stranger at a task who is in time"),
        pytest.param(of_one, KNOWN, {}, None, id="somebody at a task"),
        pytest.param(of_many, STRANGER, {}, (10, "unauthenticated"), id="a stranger"),
        pytest.param(of_many, STRANGER, {9: PING}, (10, "unauthenticated"), id="who talks of other things"),
        pytest.param(of_many, STRANGER, {9: BAD_AUTH}, (10, "unauthenticated"), id="with a bad token"),
        pytest.param(of_many, STRANGER, {9: FOLLOW_A}, (10, "unauthenticated"), id="who may follow nothing"),
        pytest.param(of_many, STRANGER, {9: AUTH}, (69, "idle"), id="in time, and idle from then on"),
        pytest.param(
            of_many, STRANGER, {9: FOLLOW_WITH_A_TOKEN}, None, id="who follows by a token of its own"
        ),
        pytest.param(
            of_many, STRANGER, {9: FOLLOW_WITH_A_TOKEN, 500: LEAVE_A}, (560, "idle"), id="and leaves"
        ),
        pytest.param(of_many, KNOWN, {}, (60, "idle"), id="somebody who follows nothing"),
        pytest.param(of_many, KNOWN, {59: PING}, (60, "idle"), id="whatever else is said"),
        pytest.param(of_many, KNOWN, {59: FOLLOW_A}, None, id="who follows a task"),
        pytest.param(of_many, KNOWN, {59: FOLLOW_A, 500: A_ENDS}, (560, "idle"), id="that ends"),
        pytest.param(of_many, KNOWN, {1: FOLLOW_A, 2: FOLLOW_B, 500: LEAVE_A}, None, id="and another one"),
        pytest.param(
            of_many,
            KNOWN,
            {1: FOLLOW_A, 2: FOLLOW_B, 3: LEAVE_B, 500: A_ENDS},
            (560, "idle"),
            id="until both end",
        ),
    ],
)
def test_is_closed_when_its_time_is_over(
    begin: Callable[..., Any], identity: Identity | None, happens: Mapping[int, Any], end: Any
) -> None:
    assert asyncio.run(life(begin, identity, happens)) == end


def test_a_gateway_sends_away_who_says_nothing(served: Gateway, task: Task) -> None:
    mine = bearer(sign(owner="user-7"))
    with (
        RawWebSocket(served, f"/tasks/{task.id}/ws") as of_a_task,
        RawWebSocket(served) as of_a_stranger,
        RawWebSocket(served, headers=mine) as idle,
    ):
        assert of_a_task.closed() == of_a_stranger.closed() == Closed(4401, "unauthenticated")
        assert idle.closed() == Closed(4408, "idle")
