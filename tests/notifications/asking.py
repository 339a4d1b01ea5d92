"""Somebody who asks a gateway, by a token."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from tests.support.tokens import bearer, sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.gateway import Gateway


@contextmanager
def asking(served: Gateway, **claims: Any) -> Iterator[httpx.Client]:
    """Whoever has a token with these claims."""
    with httpx.Client(base_url=served.http, timeout=60, headers=bearer(sign(**claims))) as client:
        yield client
