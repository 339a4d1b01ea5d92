"""Requests to real servers, which answer as they please."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from stack.ports import LOOPBACK
from taskbeam.outgoing.answer import Answer
from taskbeam.outgoing.endpoint import Endpoint
from taskbeam.outgoing.requests import READ, Outgoing
from tests.support import nobody
from tests.support.certificates import Authority
from tests.support.receiver import receiving, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from taskbeam.outgoing.addresses import Address

OURS = [ip_network("127.0.0.0/8")]

#: Seconds in which a test ends, come what may.
LONG = 60.0

#: Seconds of a request that is not to be answered.
SHORT = 1.0


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, LONG))


def endpoint(port: int, host: str = "receiver.example", scheme: str = "http") -> Endpoint:
    return Endpoint(scheme, host, port, "/hook?x=1")


def at(*addresses: str) -> Callable[[str], list[Address]]:
    return lambda _host: [ip_address(address) for address in addresses]


@asynccontextmanager
async def outgoing(**arguments: Any) -> AsyncIterator[Outgoing]:
    sender = Outgoing(**{"allowed": OURS, "resolver": at(LOOPBACK), **arguments})
    try:
        yield sender
    finally:
        await sender.close()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("HTTP/1.1 200 OK\ncontent-length: 2\n\nok", Answer(200)),
        ("HTTP/1.1 204 No Content\n\n", Answer(204)),
        ("HTTP/1.1 410 Gone\ncontent-length: 0\n\n", Answer(410)),
        ("HTTP/1.1 429 Wait\nRetry-After: 7\ncontent-length: 0\n\n", Answer(429, retry_after=7)),
        ("HTTP/1.1 503 Later\nretry-after: x\ncontent-length: 0\n\n", Answer(503)),
        ("HTTP/1.1 100 Continue\n\nHTTP/1.1 202 Taken\ncontent-length: 0\n\n", Answer(202)),
        ("SSH-2.0-OpenSSH_9.6\n\n", Answer(0, "the answer is no HTTP")),
    ],
)
def test_an_answer_is_read(text: str, answer: Answer) -> None:
    async def test() -> None:
        async with receiving(said(text)) as receiver, outgoing() as sender:
            assert await sender.post(endpoint(receiver.port), {"x-a": "b"}, b"body") == answer
            head, body = receiver.requests[0]
            assert body == b"body"
            assert head.startswith("POST /hook?x=1 HTTP/1.1\r\n")
            assert f"host: receiver.example:{receiver.port}\r\n" in head.lower()
            assert "x-a: b\r\n" in head

    run(test())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    async def test() -> None:
        async with receiving(said("HTTP/1.1 200 OK\ncontent-length: 0\n\n")) as other:
            moved = (
                f"HTTP/1.1 {status} Moved\nlocation: http://127.0.0.1:{other.port}/\ncontent-length: 0\n\n"
            )
            async with receiving(said(moved)) as receiver, outgoing() as sender:
                answer = await sender.post(endpoint(receiver.port), {}, b"")
            assert (answer.status, answer.taken, other.connections) == (status, False, 0)

    run(test())


@pytest.mark.parametrize("head", ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nx: "])
def test_who_drips_an_answer_has_so_long_for_all_of_it(head: str) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode())
        while not writer.transport.is_closing():
            writer.write(b"x" if head else b"")
            await asyncio.sleep(0.1)

    async def test() -> None:
        async with receiving(drip) as receiver, outgoing(total=SHORT) as sender:
            assert await sender.post(endpoint(receiver.port), {}, b"") == Answer(0, "no answer within 1 s")

    run(test())


@pytest.mark.parametrize("piece", [b"x" * 65536, b"x", b""], ids=["flood", "drip", "silence"])
def test_of_a_body_without_end_only_the_head_counts(piece: bytes) -> None:
    written = 0

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        while not writer.transport.is_closing():
            writer.write(piece)
            written += len(piece)
            await writer.drain()
            await asyncio.sleep(0.1)

    async def test() -> None:
        async with receiving(act) as receiver, outgoing(total=2 * LONG, body=SHORT) as sender:
            assert await sender.post(endpoint(receiver.port), {}, b"") == Answer(200)
        # What the kernel took on the way is not read.
        assert written < 100 * 65536

    run(test())


@pytest.mark.parametrize("length", ["", "content-length: 1\n", "transfer-encoding: chunked\n"])
def test_who_keeps_the_body_to_itself_has_answered_all_the_same(length: str) -> None:
    """Long before the time for a whole request is over."""

    async def test() -> None:
        answered = said(f"HTTP/1.1 201 Created\n{length}\n")
        async with receiving(answered) as receiver, outgoing(total=2 * LONG) as sender:
            assert await sender.post(endpoint(receiver.port), {}, b"") == Answer(201)

    run(test())


def test_who_resets_and_who_is_not_there() -> None:
    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async def test() -> None:
        async with receiving(reset) as receiver, outgoing() as sender:
            broken = await sender.post(endpoint(receiver.port), {}, b"")
        assert broken.status == 0
        async with outgoing() as sender:
            refused = await sender.post(endpoint(nobody.PORT), {}, b"")
        assert refused == Answer(0, "nobody accepts connections there")

    run(test())


def test_a_connection_serves_again() -> None:
    async def test() -> None:
        body = "x" * READ
        act = said(f"HTTP/1.1 200 OK\ncontent-length: {len(body)}\n\n{body}")
        async with receiving(act) as receiver, outgoing(body=LONG) as sender:
            for _ in range(3):
                await sender.post(endpoint(receiver.port), {}, b"")
            assert (len(receiver.requests), receiver.connections) == (3, 1)

    run(test())


@pytest.mark.parametrize("addresses", [[LOOPBACK], ["8.8.8.8", LOOPBACK], ["::ffff:127.0.0.1"]])
def test_a_name_of_ours_is_refused_and_no_port_is_tried(addresses: list[str]) -> None:
    async def test() -> None:
        async with receiving(said("")) as receiver, outgoing(allowed=(), resolver=at(*addresses)) as sender:
            answers = [await sender.post(endpoint(port), {}, b"") for port in (receiver.port, 1)]
            refused = Answer(0, "receiver.example has an address that is not public.")
            assert (answers, receiver.connections) == ([refused, refused], 0)

    run(test())


def test_a_name_is_resolved_once_for_a_connection() -> None:
    """It is checked and connected to by one answer, whatever the name server says the second time."""
    asked = 0

    def rebinding(_host: str) -> list[Address]:
        nonlocal asked
        asked += 1
        return [ip_address(LOOPBACK if asked == 1 else "10.0.0.1")]

    async def test() -> None:
        async with (
            receiving(said("HTTP/1.1 200 OK\ncontent-length: 0\n\n")) as receiver,
            outgoing(allowed=[ip_network(LOOPBACK)], resolver=rebinding) as sender,
        ):
            assert (await sender.post(endpoint(receiver.port), {}, b"")).taken
            assert asked == 1

    run(test())


def test_the_second_address_is_tried_where_the_first_refuses() -> None:
    async def test() -> None:
        async with (
            receiving(said("HTTP/1.1 200 OK\ncontent-length: 0\n\n")) as receiver,
            outgoing(resolver=at("127.0.0.9", LOOPBACK)) as sender,
        ):
            assert (await sender.post(endpoint(receiver.port), {}, b"")).taken

    run(test())


def test_a_name_without_an_address() -> None:
    def unknown(_host: str) -> list[Address]:
        raise OSError("Name or service not known")

    async def test() -> None:
        for resolver in (unknown, at()):
            async with outgoing(resolver=resolver) as sender:
                answer = await sender.post(endpoint(80), {}, b"")
                assert answer == Answer(0, "its name has no address")

    run(test())


def test_a_name_server_that_does_not_answer_holds_up_no_other_request() -> None:
    release = Event()

    def slow(host: str) -> list[Address]:
        if host == "slow.example":
            release.wait(LONG)
        return [ip_address(LOOPBACK)]

    async def test() -> None:
        async with (
            receiving(said("HTTP/1.1 200 OK\ncontent-length: 0\n\n")) as receiver,
            outgoing(resolver=slow) as sender,
        ):
            stuck = asyncio.ensure_future(sender.post(endpoint(receiver.port, "slow.example"), {}, b""))
            assert (await sender.post(endpoint(receiver.port), {}, b"")).taken
            assert not stuck.done()
            release.set()
            assert (await stuck).taken

    run(test())


def test_tls_checks_the_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    vouched = authority.issue("localhost")
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(vouched.certificate, vouched.key)
    trusting = ssl.create_default_context(cafile=str(authority.path))

    async def test() -> None:
        act = said("HTTP/1.1 200 OK\ncontent-length: 0\n\n")
        async with receiving(act, served) as receiver:

            async def answer(host: str, tls: ssl.SSLContext | None) -> Answer:
                async with outgoing(tls=tls) as sender:
                    return await sender.post(endpoint(receiver.port, host, "https"), {}, b"")

            assert (await answer("localhost", trusting)).taken
            untrusted = Answer(0, "its certificate is not trusted")
            assert await answer("other.example", trusting) == untrusted
            assert await answer("localhost", None) == untrusted

    run(test())
