"""Requests for the streams of task 7, as they are when the HTTP protocol has parsed them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from taskbeam.gateway.http.hosts import AllowedHosts
from taskbeam.gateway.shortcut.plain_request import PlainRequest, plain_socket, plain_stream

STREAM = b"/tasks/7/events"
SOCKET = b"/tasks/7/ws"
HOST = (b"host", b"gateway.example:8000")

#: What the gateway answers to.
HOSTS = AllowedHosts(["gateway.example", "other.example"])

#: A site whose pages may speak with the gateway.
SHOP = "https://shop.example"

Plain = Callable[..., PlainRequest | None]


def stream(target: bytes = STREAM, *more: tuple[bytes, bytes], **headers: bytes) -> PlainRequest | None:
    """What a request for an event stream is found to be."""
    return plain_stream(target, [HOST, *fields(headers), *more], HOSTS)


def socket(target: bytes = SOCKET, *more: tuple[bytes, bytes], **headers: bytes) -> PlainRequest | None:
    """What a request for a WebSocket is found to be."""
    return plain_socket(target, [HOST, *fields(headers), *more], HOSTS, {SHOP})


def fields(headers: dict[str, bytes]) -> list[tuple[bytes, bytes]]:
    """Python's names as HTTP's."""
    return [(name.replace("_", "-").encode(), value) for name, value in headers.items()]


#: For what holds for both.
BOTH = pytest.mark.parametrize(("plain", "target"), [(stream, STREAM), (socket, SOCKET)])
