"""What a plain request says: which task, after which cursor, with which token."""

from __future__ import annotations

import string

import pytest

from taskbeam.gateway.auth.credentials import Credentials
from taskbeam.gateway.shortcut.plain_request import PlainRequest
from taskbeam.journal.events import EventId

from .asking import BOTH, HOST, SHOP, SOCKET, STREAM, Plain, socket, stream

CURSOR = EventId(1763800000000, 3)

#: Everything that an id in an address may have without being escaped (RFC 3986, 2.3).
UNRESERVED = string.ascii_letters + string.digits + "-._~"


class TestAPlainRequest:
    @BOTH
    def test_names_a_task(self, plain: Plain, target: bytes) -> None:
        found = plain(target)
        assert found == PlainRequest("7", None, None, {HOST[0]: HOST[1]})

    @BOTH
    def test_may_have_every_character_in_the_id_that_is_never_escaped(
        self, plain: Plain, target: bytes
    ) -> None:
        found = plain(target.replace(b"7", UNRESERVED.encode()))
        assert found is not None
        assert found.task_id == UNRESERVED

    @BOTH
    @pytest.mark.parametrize(
        ("query", "after"), [(b"?after=1763800000000-3", CURSOR), (b"?after=", None), (b"", None)]
    )
    def test_may_have_a_cursor(
        self, plain: Plain, target: bytes, query: bytes, after: EventId | None
    ) -> None:
        found = plain(target + query)
        assert found is not None
        assert found.after == after

    @BOTH
    @pytest.mark.parametrize(
        ("headers", "token"),
        [
            ({"authorization": b"Bearer abc"}, "abc"),
            ({"authorization": b"bearer  abc "}, "abc"),
            ({"cookie": b"a=b; __Secure-taskbeam=abc; c=d"}, "abc"),
            ({"cookie": b"__Secure-taskbeam=abc; __Secure-taskbeam=of-a-shorter-path"}, "abc"),
            ({"authorization": b"Bearer abc", "cookie": b"__Secure-taskbeam=other"}, "abc"),
        ],
    )
    def test_may_bring_a_token(
        self, plain: Plain, target: bytes, headers: dict[str, bytes], token: str
    ) -> None:
        found = plain(target, **headers)
        assert found is not None
        assert found.credentials == Credentials(token=token)

    @pytest.mark.parametrize("offered", [b"taskbeam, taskbeam.token.abc", b"taskbeam.token.abc,chat"])
    def test_for_a_socket_may_bring_it_as_a_subprotocol(self, offered: bytes) -> None:
        found = socket(sec_websocket_protocol=offered, cookie=b"__Secure-taskbeam=other")
        assert found is not None
        assert found.credentials == Credentials(token="abc")

    def test_for_a_stream_does_not(self) -> None:
        """Nor does it in the application: only who speaks WebSocket offers subprotocols."""
        found = stream(sec_websocket_protocol=b"taskbeam.token.abc")
        assert found is None or found.credentials is None

    @BOTH
    @pytest.mark.parametrize(
        "cookie", [b"", b"__Secure-taskbeam=", b"other=abc", b"__Secure-taskbeam", b"\xff; =;;"]
    )
    def test_that_brings_no_token_has_no_credentials(
        self, plain: Plain, target: bytes, cookie: bytes
    ) -> None:
        found = plain(target, cookie=cookie)
        assert found is not None
        assert found.credentials is None


class TestThePlaceOfTheCursor:
    def test_the_last_event_id_wins_for_a_stream(self) -> None:
        found = stream(STREAM + b"?after=5-5", last_event_id=str(CURSOR).encode())
        assert found is not None
        assert found.after == CURSOR

    def test_an_empty_last_event_id_is_none(self) -> None:
        found = stream(STREAM + b"?after=5-5", last_event_id=b"")
        assert found is not None
        assert found.after == EventId(5, 5)

    @pytest.mark.parametrize("header", [b"1-1", b"nonsense"])
    def test_a_socket_has_it_in_its_address_alone(self, header: bytes) -> None:
        found = socket(SOCKET + b"?after=5-5", last_event_id=header)
        assert found is not None
        assert found.after == EventId(5, 5)


class TestAPageThatIsOurs:
    @pytest.mark.parametrize(
        "origin", [SHOP.encode(), b"http://gateway.example:8000", b"https://Gateway.example:8000"]
    )
    def test_or_allowed_may_ask_for_a_socket(self, origin: bytes) -> None:
        assert socket(origin=origin) is not None


class TestWhatIsAccepted:
    @pytest.mark.parametrize("accept", [b"text/event-stream", b"*/*", b"text/*, application/json;q=0.5", b""])
    def test_may_be_anything_that_a_stream_is(self, accept: bytes) -> None:
        assert stream(accept=accept) is not None
