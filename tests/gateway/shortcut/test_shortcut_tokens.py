"""A plain request is let in, and kept out, by the same rules as any other."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from taskbeam.gateway import problems
from tests.support.event_stream import EventStream
from tests.support.raw_websocket import Closed, RawWebSocket
from tests.support.tokens import TOKENS, bearer, sign

if TYPE_CHECKING:
    from taskbeam.gateway.problems import Problem
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals, Task

SETTINGS = TOKENS

#: The headers that bring a token.
Bring = Callable[[str], dict[str, str]]


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"a=b; __Secure-taskbeam={token}"}


def subprotocol(token: str) -> dict[str, str]:
    return {"Sec-WebSocket-Protocol": f"taskbeam, taskbeam.token.{token}"}


def socket(served: Gateway, task: Task, headers: dict[str, str]) -> RawWebSocket:
    return RawWebSocket(served, f"/tasks/{task.id}/ws", headers=headers)


@pytest.fixture
def task(journals: Journals) -> Task:
    return journals.task(labels={"owner": "user-7"})


class TestAGoodToken:
    @pytest.mark.parametrize("bring", [bearer, cookie])
    @pytest.mark.parametrize("by_owner", [False, True])
    def test_opens_a_stream_and_a_socket(
        self, served: Gateway, task: Task, bring: Bring, by_owner: bool
    ) -> None:
        headers = bring(sign(owner="user-7") if by_owner else sign(tasks=[task.id]))
        with (
            EventStream(served, task.id, headers=headers) as stream,
            socket(served, task, headers) as opened,
        ):
            assert stream.body() == opened.body() == task.bodies()[0]
            task.finish()
            assert stream.body() == opened.body() == task.bodies()[1]
            assert stream.rest() == b""
            assert opened.closed() == Closed(1000, "")

    def test_opens_a_socket_as_a_subprotocol_and_as_a_message(self, served: Gateway, task: Task) -> None:
        token = sign(tasks=[task.id])
        with socket(served, task, subprotocol(token)) as opened, socket(served, task, {}) as asked:
            asked.say(op="auth", token=token)
            assert opened.body() == asked.body() == task.bodies()[0]


#: What somebody brings who is kept out, and what they are told.
KEPT_OUT: dict[str, tuple[Callable[[], dict[str, str]], Problem]] = {
    "nothing": (dict, problems.UNAUTHENTICATED),
    "no token": (lambda: bearer("abc"), problems.UNAUTHENTICATED),
    "no token in a cookie": (lambda: cookie("abc"), problems.UNAUTHENTICATED),
    "a token of somebody else's": (lambda: bearer(sign(aud="somebody else")), problems.UNAUTHENTICATED),
    "a token that is over": (lambda: bearer(sign(tasks=["a"], exp=time.time() - 60)), problems.TOKEN_EXPIRED),
    "another kind of token": (lambda: {"Authorization": "Basic abc"}, problems.UNAUTHENTICATED),
    "a token for another task": (lambda: bearer(sign(tasks=["another"])), problems.UNKNOWN_TASK),
    "another owner's token": (lambda: bearer(sign(owner="user-8")), problems.UNKNOWN_TASK),
}


@pytest.mark.parametrize("brings", KEPT_OUT)
class TestWhoeverIsKeptOut:
    def test_of_a_stream_is_told_why(self, served: Gateway, task: Task, brings: str) -> None:
        headers, problem = KEPT_OUT[brings]
        with EventStream(served, task.id, headers=headers()) as stream:
            assert stream.status == problem.status
            assert stream.response.getheader("content-type") == "application/problem+json"
            assert stream.response.getheader("www-authenticate") == (
                "Bearer" if stream.status == 401 else None
            )
            assert json.loads(stream.rest())["code"] == problem.code
        assert task.subscribers == 0

    def test_of_a_socket_is_told_why(self, served: Gateway, task: Task, brings: str) -> None:
        headers, problem = KEPT_OUT[brings]
        with socket(served, task, headers()) as opened:
            if brings == "nothing":  # it may still say who it is
                opened.say(op="ping")
            assert opened.closed() == Closed(problem.close, problem.code)
        assert task.subscribers == 0
