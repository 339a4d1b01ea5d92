"""Compressed messages are read as `websockets`, whose code uvicorn runs, writes them."""

from __future__ import annotations

import pytest
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

from benchmarks.load.deflate import Inflater

MESSAGES = [b'{"id":"1-1","data":"one"}', b'{"id":"1-2","data":"two"}', b'{"id":"1-2","data":"two"}']


def compressed(messages: list[bytes], *, no_context: bool) -> list[bytes]:
    sender = PerMessageDeflate(
        remote_no_context_takeover=False,
        local_no_context_takeover=no_context,
        remote_max_window_bits=12,
        local_max_window_bits=12,
    )
    return [bytes(sender.encode(Frame(Opcode.TEXT, message)).data) for message in messages]


@pytest.mark.parametrize("no_context", [False, True])
def test_messages_are_inflated_one_after_the_other(no_context: bool) -> None:
    inflater = Inflater(keeps_context=not no_context)
    written = compressed(MESSAGES, no_context=no_context)
    assert [inflater.inflate(message) for message in written] == MESSAGES
    assert (written[1] == written[2]) == no_context


@pytest.mark.parametrize(
    ("parameters", "no_context"),
    [("", False), ("; server_no_context_takeover; server_max_window_bits=12", True)],
)
def test_the_head_says_whether_the_context_is_kept(parameters: str, no_context: bool) -> None:
    head = f"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Extensions: permessage-deflate{parameters}"
    inflater = Inflater.agreed_in(f"{head}\r\nServer: x".encode())
    assert inflater is not None
    written = compressed(MESSAGES, no_context=no_context)
    assert [inflater.inflate(message) for message in written] == MESSAGES


def test_a_server_that_names_no_extension_declined() -> None:
    assert Inflater.agreed_in(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket") is None
