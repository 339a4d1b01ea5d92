"""For how long a connection takes its server to live on, and what makes it ask. The server is played here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import pytest
from redis.exceptions import ResponseError

from taskbeam.journal import line as line_module
from taskbeam.journal.line import Line, Numbers
from taskbeam.journal.scripts import TELL_FEED

if TYPE_CHECKING:
    from redis.connection import AbstractConnection

#: The server's name for its life.
LIFE = "a life"


class Server:
    """What it was told of its life, call by call; it answers with ``reply``."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.reply: Any = [LIFE, "told"]

    def send_command(self, *words: Any) -> None:
        self.told.append(words[-1])

    def read_response(self) -> Any:
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


@pytest.mark.parametrize(
    "no_life", [["", "told"], ResponseError("BUSY another script")], ids=["nothing to number", "an error"]
)
def test_a_call_that_asks_for_the_life_in_vain_leaves_that_to_the_next_one(
    monkeypatch: pytest.MonkeyPatch, no_life: Any
) -> None:
    server = Server()
    line = Line(cast("AbstractConnection", server), Numbers())

    def call(reply: Any, holds: float) -> Any:
        monkeypatch.setattr(line_module, "LIFE_HOLDS", holds)
        server.reply = reply
        try:
            line.run(TELL_FEED, ["a feed"], [], takes_life=True)
        except ResponseError:
            assert reply is no_life
        return server.told[-1]

    answers = [LIFE, "told"]
    assert (call(answers, math.inf), call(answers, math.inf)) == ("", LIFE)
    assert call(no_life, 0.0) == "", "it has held for long enough"
    assert (call(answers, math.inf), call(answers, math.inf)) == ("", LIFE)
