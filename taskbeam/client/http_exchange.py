"""A client's requests over HTTP, made again where that helps: plain calls, and streams that are followed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

from taskbeam.client.exchange import document
from taskbeam.client.following import Following
from taskbeam.client.requests import (
    CALL_TIMEOUT,
    LIMITS,
    Attempts,
    bearer,
    failure_of,
    stream_headers,
    stream_timeout,
)
from taskbeam.client.token import obtained
from taskbeam.contract.errors import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from taskbeam.client.token import Token


class HttpExchange:
    """Over an httpx client, which it closes unless it is somebody else's.

    Args:
        headers: header fields that are sent with each request.
        http: somebody's httpx client.
    """

    def __init__(self, headers: Mapping[str, str], http: httpx.AsyncClient | None) -> None:
        self._headers = dict(headers)
        self._http = httpx.AsyncClient(limits=LIMITS) if http is None else http
        self._owns = http is None

    async def close(self) -> None:
        """Close the connections."""
        if self._owns:
            await self._http.aclose()

    async def stream(
        self, address: str, after: str | None, token: Token | None
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """Yield an address's events from the cursor ``after`` to the end, by as many requests as it takes.

        Raises `Refused`; `ValueError` for an ``after`` that is no cursor.
        """
        following = Following(after, renewable=callable(token))
        known: str | None = None
        while not following.over:
            await asyncio.sleep(following.pause)
            ask = following.ask()
            if known is None or ask.renew:
                known = await obtained(token)
            request = self._http.build_request(
                "GET",
                address,
                params=ask.query,
                headers=self._headers | stream_headers(ask, known),
                timeout=stream_timeout(ask),
            )
            try:
                response = await self._http.send(request, stream=True)
                try:
                    following.answer(response.status_code, response.headers)
                    async for chunk in response.aiter_bytes():
                        for body in following.receive(chunk):
                            yield body
                        if following.broken:
                            break
                finally:
                    await response.aclose()
            except (httpx.TransportError, httpx.DecodingError) as error:
                following.fail(failure_of(error))
                continue
            for body in following.finish():
                yield body

    async def call(
        self,
        method: str,
        address: str,
        token: Token | None,
        *,
        repeatable: bool = True,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Any:
        """Make a plain call, again where that may help, and return the JSON of the answer.

        ``repeatable``: it may be made again also where only the answer was lost. ``more``: what httpx takes.
        Raises `Refused`; httpx's errors where nothing answered three times.
        """
        attempts = Attempts(renewable=callable(token), repeatable=repeatable)
        while True:
            fields = self._headers | bearer(await obtained(token)) | dict(headers or {})
            try:
                response = await self._http.request(
                    method, address, headers=fields, timeout=CALL_TIMEOUT, **more
                )
                return document(response.status_code, response.content)
            except (httpx.TransportError, Refused) as error:
                if not attempts.may_follow(error):
                    raise
            await asyncio.sleep(attempts.pause())
