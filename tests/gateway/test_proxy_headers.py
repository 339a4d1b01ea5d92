"""What is believed of a request that says through which proxy it came."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from taskbeam.gateway.server import proxy_headers
from taskbeam.gateway.server.proxy_headers import client_of, forwarded_prefix, trusted_proxies
from taskbeam.gateway.server.seldom import Seldom

PREFIX = [(b"x-forwarded-prefix", b"/api")]


@pytest.fixture(autouse=True)
def _never_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_headers, "_STRANGE_PROXIES", Seldom(3600))
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)


def scope(peer: str, said: str) -> dict[str, Any]:
    return {"type": "http", "client": (peer, 7), "headers": [(b"x-forwarded-for", said.encode())]}


def test_nobody_is_trusted_who_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert trusted_proxies() == ""
    for peer in ("127.0.0.1", "::1", "192.0.2.1"):
        assert client_of(scope(peer, "198.51.100.1"), trusted_proxies()) == (peer, 7)
        assert forwarded_prefix(PREFIX, peer, trusted_proxies()) == ""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "127.0.0.1, 10.0.0.0/8")
    for peer in ("127.0.0.1", "10.1.2.3"):
        assert client_of(scope(peer, "198.51.100.1"), trusted_proxies()) == ("198.51.100.1", 0)
        assert forwarded_prefix(PREFIX, peer, trusted_proxies()) == "/api"
    assert client_of(scope("192.0.2.1", "198.51.100.1"), trusted_proxies()) == ("192.0.2.1", 7)


@pytest.mark.parametrize("said", [[b"/a", b"/b"], [b"//evil.example"], [b"api"], [b"/a/../b?"], [b""]])
def test_a_prefix_is_one_plain_path(said: list[bytes]) -> None:
    assert forwarded_prefix([(b"x-forwarded-prefix", each) for each in said], "127.0.0.1", "127.0.0.1") == ""


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-prefix"])
def test_a_proxy_that_is_not_named_is_told_of_once(caplog: pytest.LogCaptureFixture, name: str) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            forwarded_prefix([(b"host", b"x"), (name.encode(), b"/x")], "192.0.2.1", "127.0.0.1")
    [record] = caplog.records
    assert f"Ignored {name} from 192.0.2.1" in record.getMessage()
    assert "set FORWARDED_ALLOW_IPS=192.0.2.1" in record.getMessage()


def test_nothing_is_told_of_a_request_without_a_proxy(caplog: pytest.LogCaptureFixture) -> None:
    forwarded_prefix([(b"host", b"x")], "192.0.2.1", "")
    assert not caplog.records


def test_seldom_is_once_in_so_many_seconds() -> None:
    now = [0.0]
    seldom = Seldom(60, lambda: now[0])
    said = []
    for second in (0, 1, 59, 60, 61, 119, 500):
        now[0] = second
        said.append(seldom.is_due())
    assert said == [True, False, False, True, False, False, True]
