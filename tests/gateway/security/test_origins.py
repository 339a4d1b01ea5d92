"""Which page is a gateway's own, by the scheme, host and port of RFC 6454."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import httpx
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from taskbeam.gateway import GatewaySettings, install_browser_safety
from taskbeam.gateway.http.origins import is_foreign, parse_origin
from tests.support.gateway import PATHS, gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey
    from tests.support.gateway import Gateway
    from tests.support.journal import Task

SHOP = "https://shop.example"

#: The page's origin, the request's scheme and host, and whether the page is foreign.
ROWS = [
    ("http://here", "http", "here", False),
    ("http://here", "ws", "here", False),
    ("http://here:80", "http", "here", False),
    ("http://here", "http", "here:80", False),
    ("http://HERE:8000", "http", "here:8000", False),
    ("http://[::1]:8000", "http", "[::1]:8000", False),
    ("https://here", "https", "here", False),
    ("https://here", "wss", "here:443", False),
    # TLS ends at a proxy that does not say so.
    ("https://here", "http", "here", False),
    ("https://here:8443", "ws", "here:8443", False),
    ("https://here", "http", "here:443", False),
    ("https://here", "http", "here:80", True),
    ("https://here:8443", "http", "here", True),
    # A page that anybody on the way may have written, and a gateway behind TLS.
    ("http://here", "https", "here", True),
    ("http://here", "wss", "here:80", True),
    ("http://here:443", "https", "here", True),
    ("http://here:8001", "http", "here:8000", True),
    ("http://here:8000", "http", "here", True),
    ("http://there", "http", "here", True),
    ("http://here.there", "http", "here", True),
    ("http://here@there", "http", "here", True),
    ("ftp://here", "http", "here", True),
    ("file://", "http", "here", True),
    ("null", "http", "null", True),
    ("", "http", "", True),
    ("here", "http", "here", True),
    ("//here", "http", "here", True),
    ("http://here/", "http", "here", True),
    ("http://", "http", "", True),
    ("http://[", "http", "here", True),
    ("http://here", "http", None, True),
    (SHOP, "http", "here", False),
    (SHOP + ":443", "http", "here", False),
    (SHOP.upper(), "http", "here", False),
    (SHOP + ":444", "http", "here", True),
    ("http://shop.example", "http", "here", True),
    ("https://a.shop.example", "http", "here", True),
]


@pytest.mark.parametrize(("origin", "scheme", "host", "foreign"), ROWS)
@pytest.mark.parametrize("site", [None, "same-origin", "same-site", "cross-site", "none"])
def test_an_origin_decides(
    origin: str, scheme: str, host: str | None, foreign: bool, site: str | None
) -> None:
    """No page can forge it, and browsers call a visit from a home screen ``cross-site``, too."""
    assert is_foreign(origin, site, scheme, host, {SHOP}) is foreign


@pytest.mark.parametrize(
    ("site", "foreign"),
    [
        (None, False),
        ("none", False),
        ("same-origin", False),
        ("same-site", True),
        ("cross-site", True),
        ("", True),
        ("Same-Origin", True),
        ("same-origin, cross-site", True),
    ],
)
def test_the_browsers_word_decides_where_there_is_none(site: str | None, foreign: bool) -> None:
    assert is_foreign(None, site, "http", "here", {SHOP}) is foreign


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example:443", "https://shop.example"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://[::1]:80", "http://[::1]"),
        ("tauri://localhost", "tauri://localhost"),
        ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
    ],
)
def test_an_allowed_origin_is_kept_as_browsers_write_it(given: str, kept: str) -> None:
    assert GatewaySettings(allowed_origins=(given,)).allowed_origins == (kept,)
    assert str(parse_origin(given)) == kept


@pytest.mark.parametrize(
    "given",
    [
        "*",
        "https://*",
        "https://*.shop.example",
        "null",
        "",
        "shop.example",
        "https://shop.example/",
        "https:",
    ],
)
def test_what_is_no_origin_is_refused_in_words(given: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        GatewaySettings(allowed_origins=(given,))
    with pytest.raises(ValueError, match="is no origin"):
        install_browser_safety(Starlette(), [given])


@pytest.fixture(scope="module", params=PATHS)
def behind_tls(request: pytest.FixtureRequest, valkey: Valkey) -> Iterator[Gateway]:
    """A gateway that believes a proxy on this machine."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FORWARDED_ALLOW_IPS", "127.0.0.1")
        with gateway(valkey.url().removesuffix("/0"), request.param) as running:
            yield running


class TestBehindAProxyWithTls:
    """A proxy that is trusted says which scheme the browser speaks."""

    SAID: ClassVar = {"X-Forwarded-Proto": "https"}

    @pytest.mark.parametrize(("scheme", "status"), [("https", 202), ("http", 403)])
    def test_only_a_page_over_tls_is_the_gateways_own(
        self, behind_tls: Gateway, task: Task, scheme: str, status: int
    ) -> None:
        headers = self.SAID | {"Origin": f"{scheme}://127.0.0.1:{behind_tls.port}"}
        answer = httpx.post(f"{behind_tls.http}/tasks/{task.id}/cancel", headers=headers, timeout=60)
        assert answer.status_code == status

    @pytest.mark.parametrize("path", ["/ws", "/tasks/{}/ws"])
    def test_and_only_it_opens_a_socket(self, behind_tls: Gateway, task: Task, path: str) -> None:
        place, url = f"127.0.0.1:{behind_tls.port}", behind_tls.ws + path.format(task.id)
        with connect(url, additional_headers=self.SAID | {"Origin": f"https://{place}"}):
            pass
        with pytest.raises(InvalidStatus) as refused:
            connect(url, additional_headers=self.SAID | {"Origin": f"http://{place}"})
        assert refused.value.response.status_code == 403
