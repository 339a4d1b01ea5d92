"""How long a client has to answer a close frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from taskbeam.gateway import problems
from taskbeam.gateway.transports.session import CLOSE_TIMEOUT, CROWDED_TIMEOUT, close_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.follow.event import Event
    from taskbeam.gateway.problems import Problem


class Socket:
    def __init__(self) -> None:
        self.closed: tuple[int, str, float] | None = None
        self.paused = False

    def close(self, code: int, reason: str, timeout: float = CLOSE_TIMEOUT) -> None:
        self.closed = (code, reason, timeout)

    def send_events(self, events: Sequence[Event]) -> None:
        raise NotImplementedError

    def send_text(self, payload: bytes) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("problem", "timeout"),
    [
        (problems.UNAUTHENTICATED, CLOSE_TIMEOUT),
        (problems.TOO_FAST, CLOSE_TIMEOUT),  # it still sends: cut off at once, it would not read why
        (problems.TOO_MANY_CONNECTIONS, CROWDED_TIMEOUT),
    ],
)
def test_is_short_where_others_need_its_place(problem: Problem, timeout: float) -> None:
    socket = Socket()
    close_for(problem, socket)
    assert socket.closed == (problem.close, problem.code, timeout)
    assert CROWDED_TIMEOUT < CLOSE_TIMEOUT
