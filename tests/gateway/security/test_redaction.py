"""No secret is in a log line, however it is written there, and no line is lost for it."""

from __future__ import annotations

import io
import logging
import string
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskbeam.gateway.server.redaction import RedactingDefault, redact
from tests.support.gateway import PATHS, gateway
from tests.support.tokens import TOKENS, sign
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack.valkey import Valkey

SECRET = "hunter2-hunter2"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiJodW50ZXIyIn0.aHVudGVyMmh1bnRlcjI"

#: Loggers of what a gateway is made of.
LIBRARIES = [
    "kombu.connection",
    "celery",
    "websockets.server",
    "uvicorn.error",
    "redis",
    "asyncio",
    "taskbeam",
]

#: Where a secret may stand in a line.
LINES = [
    "GET /tasks/7/events?ticket={}&after=1-1 HTTP/1.1",
    "GET /x?a=1&TOKEN={} 200",
    "GET /x?access_token={};b=2",
    "GET /x?X-API-Key={}",
    "GET /x?key={}#top",
    "GET /login/?link={} HTTP/1.1",
    "GET /login/?link=http%3A%2F%2F127.0.0.1%3A8000%2Flogin%2F%23{} HTTP/1.1",
    "POST /login username=ada&password={}",
    "next=https://shop.example/?api_key={}",
    "Authorization: Bearer {}",
    "authorization: Basic {}",
    "[(b'authorization', b'Digest {}'), (b'host', b'x')]",
    "[(b'x-api-key', b'{}')]",
    "{{'X-Api-Key': '{}'}}",
    "< Cookie: a=b; taskbeam={}",
    "> Set-Cookie: __Secure-taskbeam={}; HttpOnly",
    "Sec-WebSocket-Protocol: taskbeam, taskbeam.token.{}",
    "Cannot connect to redis://:{}@10.0.0.7:6379/1.",
    "Error 111 connecting to amqp://ada:{}@rabbit//: refused",
    "kombu: password='{}'",
    "client_secret: {}",
]


def percent(text: str) -> str:
    return "".join(f"%{ord(character):02X}" for character in text)


def twice(text: str) -> str:
    return percent(percent(text))


def unicode_escapes(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


def hex_escapes(text: str) -> str:
    return "".join(f"\\x{ord(character):02x}" for character in text)


ENCODINGS: list[Callable[[str], str]] = [str, percent, twice, unicode_escapes, hex_escapes]


def readable(text: str) -> str:
    """The line, as somebody reads it who wants to find something."""
    for _ in range(4):
        text = unquote(text).encode().decode("unicode_escape", errors="ignore")
    return text


class TestASecret:
    @pytest.mark.parametrize("encoded", ENCODINGS)
    @pytest.mark.parametrize("line", LINES)
    @pytest.mark.parametrize("secret", [SECRET, JWT])
    def test_is_in_no_line(self, line: str, encoded: Callable[[str], str], secret: str) -> None:
        written = redact(line.format(encoded(secret)))
        assert secret not in readable(written)
        assert encoded(secret) not in written
        assert "[secret]" in written

    @pytest.mark.parametrize("encoded", ENCODINGS)
    def test_is_a_token_wherever_it_stands(self, encoded: Callable[[str], str]) -> None:
        assert redact(f"a.{encoded(JWT)} b") == "a.[token] b"
        assert redact(f"to Bearer%20{encoded(JWT)}") == "to Bearer%20[secret]"
        assert redact(f"{JWT.replace('.', '%2E')}") == "[token]"

    @pytest.mark.parametrize("name", ["%74icket", "t%69cket", "%2574icket", "ticke\\x74"])
    def test_is_found_by_an_escaped_name(self, name: str) -> None:
        assert redact(f"/x?{name}={SECRET}&after=1-1") == f"/x?{name}=[secret]&after=1-1"

    def test_is_found_whole(self) -> None:
        assert redact(f"/x?ticket=a%26{SECRET}&b=1") == "/x?ticket=[secret]&b=1"
        assert redact(f"redis://ada:p@ss/{SECRET}@host:6379/0") == "redis://[secret]@host:6379/0"

    @given(
        st.sampled_from(LINES),
        st.text(string.ascii_letters + string.digits + "._~-", min_size=8, max_size=60),
        st.data(),
    )
    def test_is_in_no_line_in_whatever_mixture(self, line: str, secret: str, data: st.DataObject) -> None:
        encoded = "".join(data.draw(st.sampled_from(ENCODINGS))(character) for character in secret)
        written = redact(line.format(encoded))
        assert encoded not in written
        assert secret not in readable(written)


class TestTheRest:
    @pytest.mark.parametrize(
        "line",
        [
            '127.0.0.1:5 - "GET /tasks/0b87d1a2/events?after=1763800000000-3 HTTP/1.1" 200 OK',
            "Redis at redis://127.0.0.1:6379/0 answers again; http://[::1]:8000/docs",
            "Task 7: reported LOST (worker gone), ref 8f3a",
            "TASKBEAM_MAX_TOKEN_LIFETIME is too long, the token of ada has expired",
            "100% of %d and C:\\users\\x",
            "",
        ],
    )
    def test_stays(self, line: str) -> None:
        assert redact(line) == line

    @given(st.text(max_size=200))
    def test_is_never_an_error(self, line: str) -> None:
        redact(line)

    @pytest.mark.parametrize(
        "piece", ["://", "eyJ", "eyJ.a.", "%41", "%25252541", "?key=&", "x_token", "a:b@"]
    )
    def test_does_not_take_long(self, piece: str) -> None:
        """As much as a request's head may have; or this test does not end."""
        for _ in range(10):
            redact(piece * (32_000 // len(piece)))


class Hostile:
    def __str__(self) -> str:
        raise ValueError(SECRET[:3])


class TestARecord:
    def written(self, *logged: Any, **more: Any) -> str:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(RedactingDefault("%(levelprefix)s %(message)s", use_colors=False))
        logger = logging.Logger("hostile")
        logger.addHandler(handler)
        logger.warning(*logged, **more)
        return stream.getvalue()

    def test_has_no_secret_in_its_arguments(self) -> None:
        for given_ in (f"?ticket={SECRET}", {"x-api-key": SECRET}, [("authorization", SECRET)]):
            assert SECRET not in self.written("%s", given_)
            assert SECRET not in self.written("%r", given_)
        assert SECRET not in self.written("%(url)s", {"url": f"redis://a:{SECRET}@b"})

    def test_has_no_secret_in_its_exception(self) -> None:
        try:
            raise ConnectionError(f"redis://ada:{SECRET}@host is away")
        except ConnectionError:
            written = self.written("Cannot connect", exc_info=sys.exc_info())
        assert "ConnectionError: redis://[secret]@host is away" in written

    @pytest.mark.parametrize(
        "logged",
        [
            ("%d of %s", f"?ticket={SECRET}"),
            ("%s", f"?ticket={SECRET}", 2),
            ("%y", f"?ticket={SECRET}"),
            ("%s %d", f"?ticket={SECRET}", "two"),
            (Exception(f"?ticket={SECRET}"),),
            (None,),
        ],
    )
    def test_that_cannot_be_formatted_is_written(
        self, logged: tuple[Any, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        written = self.written(*logged)
        assert written.startswith("WARNING:")
        assert SECRET not in written
        assert SECRET not in "".join(capsys.readouterr())

    def test_of_what_cannot_be_read_is_written(self) -> None:
        assert "cannot be formatted" in self.written("%s", Hostile())


def test_the_warnings_of_libraries_are_redacted() -> None:
    """In a process of its own: in this one pytest has a handler at the root."""
    program = f"""
import logging, logging.config
from taskbeam.gateway.server.run import logging_config
from taskbeam.gateway.settings import ServerSettings
logging.config.dictConfig(logging_config(ServerSettings()))
for name in {LIBRARIES!r}:
    logging.getLogger(name).warning("%s cannot connect to %s", name, "redis://ada:{SECRET}@host")
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    written = ran.stdout + ran.stderr
    for name in LIBRARIES:
        assert f"{name} cannot connect to redis://[secret]@host" in written
    assert SECRET not in written


@pytest.mark.parametrize("serving", PATHS)
@pytest.mark.parametrize("encoded", [str, percent])
def test_a_gateways_log_at_its_most_talkative(
    valkey: Valkey, serving: str, encoded: Callable[[str], str]
) -> None:
    token = sign(tasks=["7"])
    origin = valkey.url().removesuffix("/0")
    with gateway(origin, serving, log_level="debug", **TOKENS) as running:
        headers = {"Authorization": f"Bearer {token}", "X-API-Key": SECRET, "Cookie": f"taskbeam={token}"}
        for query in ("ticket", "access_token", "X-API-Key", "%74oken"):
            httpx.get(f"{running.http}/tasks/7?{query}={encoded(token)}", headers=headers, timeout=60)
            httpx.get(f"{running.http}/tasks/7?{query}={encoded(SECRET)}", headers=headers, timeout=60)
        httpx.get(f"{running.http}/healthz?the-end", timeout=60)
        wait_until(lambda: "the-end" in running.process.output)
        log = running.process.output
    assert "[secret]" in log
    for secret in (token, SECRET):
        assert secret not in readable(log)
