"""Which requests are left to the application, and that none is too odd to be looked at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.gateway.http.hosts import ANY, AllowedHosts
from taskbeam.gateway.shortcut.plain_request import plain_socket, plain_stream

from .asking import BOTH, HOSTS, SHOP, SOCKET, STREAM, Plain, socket, stream

ODD_TARGETS = [
    b"/tasks/%37/{}",
    b"/tasks/a%2Fb/{}",
    b"/tasks/a+b/{}",
    b"/tasks/a:b/{}",
    b"/tasks/\xc3\xbc/{}",
    b"/tasks//{}",
    b"/tasks/7/8/{}",
    b"/tasks/7/{}/",
    b"/tasks/7/{}/more",
    b"/tasks/7//{}",
    b"//tasks/7/{}",
    b"/Tasks/7/{}",
    b"/more/tasks/7/{}",
    b"http://gateway.example:8000/tasks/7/{}",
    b"/tasks/7/{}\n",
    b"/tasks/7/{}?",
    b"/tasks/7/{}?after",
    b"/tasks/7/{}?After=1-1",
    b"/tasks/7/{}?after=1-1&after=2-2",
    b"/tasks/7/{}?ticket=abc",
    b"/tasks/7/{}?after=1-1&ticket=abc",
    b"/tasks/7/{}?ticket=abc&after=1-1",
    b"/tasks/7/{}?wait=1",
    b"/tasks/7/{}?limit=1",
    b"/tasks/7/{}?after=1-1&limit=1",
    b"/tasks/7/{}?after=1-1#part",
    b"/tasks/7/{}?after=1%2D1",
    b"/tasks/7/{}?after=1",
    b"/tasks/7/{}?after=-",
    b"/tasks/7/{}?after=01-1",
    b"/tasks/7/{}?after=1-1-1",
    b"/tasks/7/{}?after=12345678901234567-1",
    b"/tasks/7",
    b"/ws",
    b"*",
    b"",
]


class TestARequestThatIsNot:
    @BOTH
    @pytest.mark.parametrize("odd", ODD_TARGETS)
    def test_has_an_odd_address(self, plain: Plain, target: bytes, odd: bytes) -> None:
        assert plain(odd.replace(b"{}", target.rpartition(b"/")[2])) is None

    def test_has_the_others_address(self) -> None:
        assert stream(SOCKET) is None
        assert socket(STREAM) is None

    @BOTH
    @pytest.mark.parametrize(
        "headers",
        [
            {"content_length": b"0"},
            {"content_length": b"5"},
            {"transfer_encoding": b"chunked"},
            {"expect": b"100-continue"},
            {"authorization": b"Basic abc"},
            {"authorization": b"Bearer"},
            {"authorization": b"Bearer "},
            {"authorization": b""},
        ],
    )
    def test_has_an_odd_header(self, plain: Plain, target: bytes, headers: dict[str, bytes]) -> None:
        assert plain(target, **headers) is None

    @BOTH
    def test_has_a_header_twice(self, plain: Plain, target: bytes) -> None:
        assert plain(target, (b"x-some", b"1")) is not None
        assert plain(target, (b"x-some", b"1"), (b"x-some", b"1")) is None

    @pytest.mark.parametrize("cursor", [b"nonsense", b"1", b"1-", b"\xff", b"1-1 ", b"\xb2-1"])
    def test_has_a_last_event_id_that_is_none(self, cursor: bytes) -> None:
        assert stream(last_event_id=cursor) is None

    @pytest.mark.parametrize(
        "accept", [b"application/json", b"application/json, text/event-stream;q=0.9", b"application/*"]
    )
    def test_prefers_json(self, accept: bytes) -> None:
        assert stream(accept=accept) is None


class TestAPageThatAsks:
    @pytest.mark.parametrize("origin", [SHOP.encode(), b"http://gateway.example:8000", b"null", b""])
    def test_for_a_stream_is_never_plain(self, origin: bytes) -> None:
        assert stream(origin=origin) is None

    @pytest.mark.parametrize(
        "origin",
        [b"https://evil.example", b"http://gateway.example", b"null", b"", b"\xff", SHOP.encode()[:-1]],
    )
    def test_for_a_socket_is_not_if_it_is_foreign(self, origin: bytes) -> None:
        assert socket(origin=origin) is None

    def test_for_a_socket_of_a_host_that_is_not_told_is_foreign(self) -> None:
        headers = [(b"origin", b"http://gateway.example:8000")]
        assert plain_socket(SOCKET, headers, ANYWHERE, {SHOP}) is None


class TestAnUnknownHost:
    @pytest.mark.parametrize("host", [b"evil.example", b"gateway.example.evil.example", b"", b"\xff"])
    def test_is_never_plain(self, host: bytes) -> None:
        assert plain_stream(STREAM, [(b"host", host)], HOSTS) is None
        assert plain_socket(SOCKET, [(b"host", host)], HOSTS, ()) is None

    def test_is_never_plain_if_it_is_not_told(self) -> None:
        assert plain_stream(STREAM, [], HOSTS) is None
        assert plain_socket(SOCKET, [], HOSTS, ()) is None


#: A gateway that answers to every host.
ANYWHERE = AllowedHosts([ANY])

NAMES = st.binary(max_size=20) | st.sampled_from(
    [b"origin", b"host", b"cookie", b"authorization", b"accept", b"last-event-id", b"sec-websocket-protocol"]
)
TARGETS = st.binary(max_size=80) | st.from_regex(rb"/tasks/[ -~]{1,9}/(events|ws)(\?after=[ -~]{0,30})?")


class TestAnythingAtAll:
    @given(TARGETS, st.lists(st.tuples(NAMES, st.binary(max_size=60)), max_size=8))
    def test_is_either_plain_or_not(self, target: bytes, headers: list[tuple[bytes, bytes]]) -> None:
        streamed = plain_stream(target, headers, ANYWHERE)
        spoken = plain_socket(target, headers, ANYWHERE, {SHOP})
        assert streamed is None or spoken is None
