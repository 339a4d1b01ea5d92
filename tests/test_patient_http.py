"""A client of a test that says nothing else waits long enough for a busy machine."""

from __future__ import annotations

import httpx
import pytest

from tests.support.waiting import DEADLINE


@pytest.mark.parametrize("client", [httpx.Client, httpx.AsyncClient])
def test_its_timeout_is_the_tests_deadline(client: type[httpx.Client] | type[httpx.AsyncClient]) -> None:
    assert client().timeout == httpx.Timeout(DEADLINE)
    assert client(timeout=1.5).timeout == httpx.Timeout(1.5)


def test_a_client_still_believes_no_certificate_that_nobody_signed() -> None:
    context = httpx.Client()._transport._pool._ssl_context  # type: ignore[attr-defined]
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert context is httpx.Client()._transport._pool._ssl_context  # type: ignore[attr-defined]
