"""The answer to a request to upgrade (RFC 6455, 4.2.2)."""

from __future__ import annotations

import pytest

from taskbeam.gateway.shortcut.handshake import switching_protocols

DEFAULT = [(b"date", b"Tue, 25 Nov 2025 12:00:00 GMT"), (b"server", b"uvicorn")]

#: The example of RFC 6455, 1.3.
KEY, ACCEPT = b"dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

ASKED = {
    b"host": b"server.example.com",
    b"upgrade": b"websocket",
    b"connection": b"Upgrade",
    b"sec-websocket-key": KEY,
    b"sec-websocket-version": b"13",
}


def answered(**headers: bytes) -> dict[bytes, bytes]:
    """The fields of the answer to that request with these headers, too."""
    head = switching_protocols(ASKED | {n.replace("_", "-").encode(): v for n, v in headers.items()}, DEFAULT)
    assert head is not None
    first, *lines, end, nothing = head.split(b"\r\n")
    assert (first, end, nothing) == (b"HTTP/1.1 101 Switching Protocols", b"", b"")
    fields = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
    found = dict(fields)
    assert len(found) == len(fields)
    return found


class TestTheAnswer:
    def test_to_the_standards_example_is_the_standards(self) -> None:
        assert answered() == {
            **dict(DEFAULT),
            b"upgrade": b"websocket",
            b"connection": b"Upgrade",
            b"sec-websocket-accept": ACCEPT,
        }

    def test_tells_what_the_server_tells_in_every_answer(self) -> None:
        head = switching_protocols(ASKED, [(b"x-first", b"1"), (b"x-second", b"2")])
        assert head is not None
        assert b"\r\nx-first: 1\r\nx-second: 2\r\n" in head

    @pytest.mark.parametrize("offered", [b"taskbeam", b"chat, taskbeam", b"taskbeam.token.abc ,taskbeam"])
    def test_agrees_to_our_subprotocol(self, offered: bytes) -> None:
        assert answered(sec_websocket_protocol=offered)[b"sec-websocket-protocol"] == b"taskbeam"

    @pytest.mark.parametrize("offered", [b"", b"chat", b"taskbeam.token.abc", b"Taskbeam", b"\xff"])
    def test_names_no_subprotocol_that_was_not_offered(self, offered: bytes) -> None:
        assert b"sec-websocket-protocol" not in answered(sec_websocket_protocol=offered)

    def test_declines_extensions(self) -> None:
        offer = b"permessage-deflate; client_max_window_bits"
        assert answered(sec_websocket_extensions=offer) == answered()


class TestARequestThatIsNotAsItShouldBe:
    @pytest.mark.parametrize("missing", [b"host", b"sec-websocket-key", b"sec-websocket-version"])
    def test_lacks_a_header(self, missing: bytes) -> None:
        assert switching_protocols({n: v for n, v in ASKED.items() if n != missing}, DEFAULT) is None

    @pytest.mark.parametrize(
        "key",
        [
            b"",
            b"AAAA",
            KEY[:-1],
            KEY + b"=",
            KEY + b" ",
            KEY + b"\n",
            b"A" * 24,
            b"A" * 20 + b"==",
            b"A" * 24 + b"==",
            b"!" * 22 + b"==",
            b"\xff" * 22 + b"==",
        ],
    )
    def test_has_a_key_that_is_not_sixteen_bytes_in_base64(self, key: bytes) -> None:
        assert switching_protocols(ASKED | {b"sec-websocket-key": key}, DEFAULT) is None

    @pytest.mark.parametrize("version", [b"", b"8", b"12", b"14", b"013", b"13, 8"])
    def test_is_of_another_version(self, version: bytes) -> None:
        assert switching_protocols(ASKED | {b"sec-websocket-version": version}, DEFAULT) is None
