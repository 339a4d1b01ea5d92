"""Whatever comes in, nothing goes wrong: no exception but those that are told, and no memory that stays."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from websockets.frames import Opcode

from stack.process import execute
from taskbeam.gateway.auth.credentials import find_credentials
from taskbeam.gateway.delivery.cursor import parse_cursor
from taskbeam.gateway.problems import BAD_CURSOR, UNAUTHENTICATED, TaskbeamError
from taskbeam.journal.events import Record
from taskbeam.journal.labels import FIELDS, Labels
from tests.support.raw_websocket import RawWebSocket, frame, head, text
from tests.support.tokens import TOKENS, bearer, sign

if TYPE_CHECKING:
    from tests.support.gateway import Gateway
    from tests.support.journal import Journals

START = execute
SETTINGS = TOKENS

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)

MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["subscribe", "unsubscribe", "auth", "ping"]) | ANY_JSON,
        "task_id": st.sampled_from(["TASK", ""]) | ANY_JSON,
        "after": st.sampled_from(["1-1", "TASK"]) | ANY_JSON,
        "token": st.sampled_from(["GOOD", "BAD"]) | ANY_JSON,
    },
)

FRAMES = st.one_of(
    st.builds(lambda said: ("json", said), MESSAGES),
    st.builds(lambda said: ("text", said), st.text(max_size=200)),
    st.builds(
        lambda opcode, payload, fin, reserved: ("raw", frame(opcode, payload, fin=fin, reserved=reserved)),
        st.integers(0, 15),
        st.binary(max_size=200),
        st.booleans(),
        st.sampled_from([0, 0, 0, 1, 4]),
    ),
    st.builds(
        lambda first, length: ("raw", head(first, length)), st.integers(0, 255), st.integers(0, 2**63 - 1)
    ),
    st.builds(lambda junk: ("raw", junk), st.binary(min_size=1, max_size=200)),
)


#: No UTF-8. uvicorn tells of it with a traceback, and closes the socket with 1007, as RFC 6455 asks.
NO_TEXT = frame(Opcode.TEXT, b"\xff")
UVICORNS = "Invalid UTF-8 sequence received from client.\nTraceback"


class TestParsers:
    @given(st.text(max_size=60) | st.from_regex(r"\d{0,18}-\d{0,12}", fullmatch=True))
    def test_of_cursors(self, cursor: str) -> None:
        try:
            parsed = parse_cursor(cursor)
        except TaskbeamError as error:
            known = error.problem
        else:
            assert str(parsed or "") == cursor
            return
        assert known is BAD_CURSOR

    @given(st.binary(max_size=120) | st.from_regex(rb"\d{0,17}-?\d{0,11} ?[01]? ?.*", fullmatch=True))
    def test_of_what_redis_publishes(self, payload: bytes) -> None:
        with suppress(ValueError):
            assert isinstance(Record.parse(payload), Record)

    @given(st.lists(st.none() | st.binary(max_size=60), min_size=len(FIELDS), max_size=len(FIELDS)))
    def test_of_the_labels_in_a_head(self, values: list[bytes | None]) -> None:
        Labels.of_head(values)

    @given(ANY_JSON, ANY_JSON)
    def test_of_the_labels_in_a_header(self, header: Any, group: Any) -> None:
        Labels.of_header(header, group)

    @given(
        st.none() | st.text(max_size=60),
        st.dictionaries(st.sampled_from(["ticket", "token"]), st.text(max_size=20)),
        st.lists(st.text(max_size=20) | st.from_regex(r"(__Secure-taskbeam|x)=.{0,20}(;.*)?"), max_size=3),
        st.lists(st.text(max_size=30) | st.just("taskbeam.token.x"), max_size=3),
    )
    def test_of_credentials(
        self, header: str | None, query: dict[str, str], cookies: list[str], protocols: list[str]
    ) -> None:
        try:
            found = find_credentials(header, query, cookies, protocols)
        except TaskbeamError as error:
            known = error.problem
        else:
            assert found is None or found.token or found.ticket or protocols
            return
        assert known is UNAUTHENTICATED


@pytest.fixture(scope="module")
def fuzzed(served: Gateway, journals: Journals) -> Gateway:
    """The gateway, and the task `fuzzed`."""
    with suppress(AssertionError):  # there already, from the other serving path
        journals.task(task_id="fuzzed")
    return served


class TestTheSockets:
    """Real ones: each example is a connection that says what nobody would."""

    @pytest.mark.parametrize("path", ["/ws", "/tasks/{}/ws"])
    @settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(said=st.lists(FRAMES, min_size=1, max_size=8))
    @example(said=[("raw", NO_TEXT)])
    def test_live_through_it(self, fuzzed: Gateway, path: str, said: list[Any]) -> None:
        token = sign(tasks=["fuzzed"])
        with RawWebSocket(fuzzed, path.format("fuzzed"), headers=bearer(token)) as socket:
            for kind, value in said:
                with suppress(OSError):
                    socket.send(_bytes(kind, value, token))
        assert is_well(fuzzed)

    def test_and_so_does_the_gateway(self, served: Gateway) -> None:
        assert "Traceback" not in served.process.output.replace(UVICORNS, "")
        before = psutil.Process(served.process.pid).memory_info().rss
        for _ in range(300):
            with RawWebSocket(served, "/ws") as socket, suppress(OSError):
                socket.send(os.urandom(60_000))
        assert is_well(served)
        assert psutil.Process(served.process.pid).memory_info().rss - before < 16 * 2**20


def _bytes(kind: str, value: Any, token: str) -> bytes:
    if kind == "raw":
        return bytes(value)
    if kind == "text":
        return frame(Opcode.TEXT, value.encode("utf-8", "surrogatepass"))
    said = json.dumps(value)
    return text(said.replace('"TASK"', '"fuzzed"').replace('"GOOD"', json.dumps(token)))


def is_well(served: Gateway) -> bool:
    """Whether somebody else is served as ever."""
    with RawWebSocket(served, "/ws") as other:
        other.say(op="ping")
        return other.json() == {"op": "pong"}
