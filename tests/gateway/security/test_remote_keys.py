"""The key set of an issuer's URL: kept, renewed, and never waited for longer or read further than is safe."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest

from taskbeam.gateway.auth.issuer import Issuer
from taskbeam.gateway.auth.keys import new_key
from taskbeam.gateway.auth.remote_keys import MAX_BYTES, RemoteKeys, usable_keys
from taskbeam.gateway.connections.bounded_get import FetchError, bounded_get
from tests.support.certificates import Authority
from tests.support.ending import end
from tests.support.issuer import ForeignIssuer, serving
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from taskbeam.gateway.auth.jwk import Algorithm

ALGORITHMS: tuple[Algorithm, ...] = ("RS256", "ES256", "EdDSA")

NAME = "https://issuer.example/"


@pytest.fixture
def issuer() -> Iterator[ForeignIssuer]:
    with serving(ForeignIssuer(NAME, keys={"one": new_key("ES256", "one")})) as served:
        yield served


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def remote(issuer: ForeignIssuer, clock: Clock, **more: Any) -> RemoteKeys:
    given = {"issuer": NAME, "audience": "a", "jwks_url": issuer.url, "retry_interval": 10} | more
    return RemoteKeys(Issuer.model_validate(given), clock)


async def find(keys: RemoteKeys, kid: str) -> bool:
    """Whether the key is there in the end."""
    if keys.find(kid) is not None:
        return True
    await keys.settle()
    return keys.find(kid) is not None


class TestTheKeysOfAUrl:
    def test_are_fetched_for_the_first_token_and_then_kept(self, issuer: ForeignIssuer) -> None:
        async def check() -> None:
            keys = remote(issuer, Clock())
            assert keys.unsure
            assert await find(keys, "one")
            assert all([await find(keys, "one") for _ in range(20)])
            assert issuer.asked == 1

        asyncio.run(check())

    def test_are_fetched_once_for_all_who_wait(self, issuer: ForeignIssuer) -> None:
        async def check() -> None:
            keys = remote(issuer, Clock())
            assert all(await asyncio.gather(*(find(keys, "one") for _ in range(50))))
            assert issuer.asked == 1

        asyncio.run(check())

    def test_that_take_the_place_of_others_are_found_and_the_others_are_gone(
        self, issuer: ForeignIssuer
    ) -> None:
        async def check() -> None:
            clock = Clock()
            keys = remote(issuer, clock)
            assert await find(keys, "one")
            issuer.rotate("two", "EdDSA")
            clock.now += 11
            assert await find(keys, "two")
            assert not await find(keys, "one")

        asyncio.run(check())

    def test_are_not_asked_for_oftener_however_many_tokens_name_others(self, issuer: ForeignIssuer) -> None:
        async def check() -> None:
            clock = Clock()
            keys = remote(issuer, clock)
            for number in range(30):
                assert not await find(keys, f"made-up-{number}")
            assert issuer.asked == 1
            clock.now += 11
            assert not await find(keys, "made-up")
            assert issuer.asked == 2

        asyncio.run(check())

    def test_are_looked_at_again_and_again(self, issuer: ForeignIssuer) -> None:
        async def check() -> None:
            keys = remote(issuer, Clock(), refresh_interval=0.01)
            running = asyncio.create_task(keys.run())
            await asyncio.to_thread(wait_until, lambda: issuer.asked >= 5)
            await end(running)

        asyncio.run(check())

    def test_the_last_good_ones_hold_while_the_url_fails(
        self, issuer: ForeignIssuer, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def check() -> None:
            clock = Clock()
            keys = remote(issuer, clock)
            assert await find(keys, "one")
            issuer.answer = lambda: iter([b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"])
            for _ in range(3):
                clock.now += 11
                assert not await find(keys, "two")
                assert keys.unsure
                assert await find(keys, "one")
            issuer.answer = None
            clock.now += 11
            await find(keys, "two")
            assert not keys.unsure

        asyncio.run(check())
        told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert len(told) == 1
        assert NAME in told[0]
        assert "the answer is 500" in told[0]


def answered(*pieces: bytes) -> Any:
    return lambda: iter(pieces)


def endless(first: bytes, piece: bytes, pause: float = 0.0) -> Any:
    def answer() -> Iterator[bytes]:
        yield first
        while True:
            time.sleep(pause)
            yield piece

    return answer


def ok(body: bytes, *head: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join((b"HTTP/1.1 200 OK", length, *head, b"", body))


SECRET = new_key("HS256", "one")
WEAK: dict[str, Any] = {"kid": "one", "kty": "RSA", "n": "AQAB", "e": "AQAB"}

BAD: dict[str, Any] = {
    "not found": answered(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    "HTML": answered(ok(b"<html>")),
    "a list": answered(ok(b"[]")),
    "no keys": answered(ok(b'{"keys": []}')),
    "keys that are none": answered(ok(b'{"keys": "abc"}')),
    "deep": answered(ok(b"[" * 100_000)),
    "a secret": answered(ok(json.dumps({"keys": [SECRET]}).encode())),
    "a weak key": answered(ok(json.dumps({"keys": [WEAK]}).encode())),
    "cut": answered(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"keys": [{"kid"'),
    "nothing": answered(),
    "no HTTP": answered(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "huge": endless(b'HTTP/1.1 200 OK\r\n\r\n{"keys": [', b"1," * 8192),
    "a huge head": endless(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 8192 + b"\r\n"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_answer_that_is_none_changes_nothing(issuer: ForeignIssuer, name: str) -> None:
    async def check() -> None:
        clock = Clock()
        keys = remote(issuer, clock)
        assert await find(keys, "one")
        issuer.answer = BAD[name]
        clock.now += 11
        assert not await find(keys, "two")
        assert await find(keys, "one")
        assert keys.unsure

    asyncio.run(check())


@pytest.mark.parametrize("name", ["huge", "a huge head"])
def test_no_more_is_read_than_is_safe(issuer: ForeignIssuer, name: str) -> None:
    issuer.answer = BAD[name]
    with pytest.raises(FetchError, match=f"larger than {MAX_BYTES} bytes"):
        asyncio.run(bounded_get(issuer.url, within=60, limit=MAX_BYTES))


def test_a_private_key_that_somebody_publishes_only_verifies() -> None:
    published = [new_key(algorithm, algorithm) for algorithm in ALGORITHMS]
    keys = usable_keys(json.dumps({"keys": published}).encode(), ALGORITHMS)
    assert set(keys) == set(ALGORITHMS)
    assert all(key.private is None for key in keys.values())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_without_an_algorithm_is_for_that_of_its_form(algorithm: Algorithm) -> None:
    key: dict[str, Any] = new_key(algorithm, "one")
    del key["alg"]
    assert usable_keys(json.dumps({"keys": [key]}).encode(), ALGORITHMS)["one"].algorithm == algorithm


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(issuer: ForeignIssuer, status: int) -> None:
    with serving(ForeignIssuer("elsewhere", keys=issuer.keys)) as elsewhere:
        issuer.answer = answered(
            f"HTTP/1.1 {status} See\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        with pytest.raises(FetchError, match=f"{status}, and redirects are not followed"):
            asyncio.run(bounded_get(issuer.url, within=60, limit=MAX_BYTES))
        assert elsewhere.asked == 0


DRIPPING = pytest.mark.parametrize(
    "first", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"]
)


@DRIPPING
def test_one_byte_now_and_then_is_not_waited_for(issuer: ForeignIssuer, first: bytes) -> None:
    issuer.answer = endless(first, b"x", pause=0.05)
    with pytest.raises(FetchError, match="no answer within 1 s"):
        asyncio.run(bounded_get(issuer.url, within=1, limit=MAX_BYTES))


@DRIPPING
def test_the_event_loop_goes_on_while_it_is_waited_for(issuer: ForeignIssuer, first: bytes) -> None:
    given: list[bytes] = []

    def drip() -> Iterator[bytes]:
        for piece in endless(first, b"x", pause=0.05)():
            given.append(piece)
            yield piece

    issuer.answer = drip

    async def check() -> None:
        fetching = asyncio.create_task(bounded_get(issuer.url, within=60, limit=MAX_BYTES))
        while len(given) < 5:  # noqa: ASYNC110 # the server is a thread's
            await asyncio.sleep(0.01)
        assert not fetching.done()
        await end(fetching)

    asyncio.run(check())


def test_only_a_server_with_a_good_certificate_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    with serving(ForeignIssuer(NAME, keys={"one": new_key("ES256", "one")}), context) as served:
        with pytest.raises(FetchError, match="certificate"):
            asyncio.run(bounded_get(served.url, within=60, limit=MAX_BYTES))
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
        assert json.loads(asyncio.run(bounded_get(served.url, within=60, limit=MAX_BYTES))) == served.jwks()


def test_nobody_there() -> None:
    with pytest.raises(FetchError):
        asyncio.run(bounded_get("http://127.0.0.1:1/", within=60, limit=MAX_BYTES))
    with pytest.raises(FetchError):
        asyncio.run(bounded_get("http://" + "x" * 70 + ".invalid/", within=60, limit=MAX_BYTES))


@pytest.mark.parametrize(
    "pieces",
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\n{}\r\n", b"0\r\n\r\n"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"{}"),
        (b"HTTP/1.0 200 OK\r\n\r\n", b"{", b"}"),
    ],
    ids=["chunked", "after an informational one", "until the end of the connection"],
)
def test_an_answer_of_each_form_is_read(issuer: ForeignIssuer, pieces: tuple[bytes, ...]) -> None:
    issuer.answer = answered(*pieces)
    assert asyncio.run(bounded_get(issuer.url, within=60, limit=MAX_BYTES)) == b"{}"
