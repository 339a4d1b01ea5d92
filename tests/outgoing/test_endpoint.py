"""Which URLs requests go to."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from taskbeam.outgoing.endpoint import LONGEST, BadEndpointError, Endpoint, RefusedHostError


@pytest.mark.parametrize(
    ("url", "endpoint", "origin"),
    [
        ("https://a.example", ("https", "a.example", 443, "/"), "https://a.example"),
        ("https://A.Example:443/x?y=1", ("https", "a.example", 443, "/x?y=1"), "https://a.example"),
        ("https://a.example:8443/", ("https", "a.example", 8443, "/"), "https://a.example:8443"),
        ("https://8.8.8.8/x", ("https", "8.8.8.8", 443, "/x"), "https://8.8.8.8"),
        ("https://[2606:4700::1]/", ("https", "2606:4700::1", 443, "/"), "https://[2606:4700::1]"),
        ("https://xn--bcher-kva.example/%20", ("https", "xn--bcher-kva.example", 443, "/%20"), None),
    ],
)
def test_a_url_is_read_once(url: str, endpoint: tuple[object, ...], origin: str | None) -> None:
    found = Endpoint.parse(url)
    assert found == endpoint
    assert origin is None or found.origin == origin
    assert Endpoint.parse(found.url) == found


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example/x",
        "http://a.example/",
        "ftp://a.example/",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "https://user@a.example/",
        "https://a.example@b.example/",
        "https://a.example/#x",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://a.example:x/",
        "https://a.example/\r\nX: y",
        "https://a.example\\@b.example/",
        "https://a.example/a b",
        "https://bücher.example/",
        "https://a..example/",
        "https://a.example./",
        "https://-a.example/",
        "https://a.example/" + "x" * LONGEST,
        "https://[::1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.0x1/",
        "https://127。0。0。1/",
    ],
)
def test_a_url_that_nothing_is_sent_to(url: str) -> None:
    with pytest.raises(BadEndpointError) as refused:
        Endpoint.parse(url)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"]
)
@pytest.mark.parametrize("port", ["", ":1", ":6379"])
def test_an_address_that_is_not_public_is_refused_whatever_the_port(host: str, port: str) -> None:
    with pytest.raises(RefusedHostError) as refused:
        Endpoint.parse(f"https://{host}{port}/")
    assert str(refused.value) == f"{host.strip('[]')} has an address that is not public."


def test_what_an_operator_has_opened() -> None:
    allowed = [ip_network("127.0.0.0/8")]
    assert Endpoint.parse("http://127.0.0.1:8000/", plain_http=True, allowed=allowed).origin == (
        "http://127.0.0.1:8000"
    )
