"""/metrics at a port of its own: for Prometheus alone, which needs no more of HTTP than this (RFC 9112)."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

#: Bytes of a request's head, and seconds from the first byte of a connection to the last.
MAX_HEAD, DEADLINE = 8 * 1024, 10.0

#: Seconds from one try to listen to the next, where somebody else has the port.
LISTEN_AGAIN = 10.0

PATH = b"/metrics"

#: The form that every version of Prometheus reads.
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricsPort:
    """Each connection has one request and one answer. Nobody is asked who they are."""

    def __init__(self, page: Callable[[], Awaitable[bytes]], host: str, port: int) -> None:
        """``page`` makes what is answered, of the type `MEDIA_TYPE`."""
        self._page = page
        self._host = host
        self._port = port

    async def run(self) -> None:
        """Listen until cancelled; as long as the port is taken, say so and try again."""
        complained = False
        while True:
            try:
                server = await asyncio.start_server(self._serve, self._host, self._port, limit=MAX_HEAD)
            except OSError as error:
                if not complained:
                    logger.error(
                        "Cannot listen on %s port %d for /metrics, trying again: %s. Each gateway process "
                        "needs a TASKBEAM_METRICS_PORT of its own, as `taskbeam serve --workers` gives it.",
                        self._host,
                        self._port,
                        error,
                    )
                complained = True
                await asyncio.sleep(LISTEN_AGAIN)
                continue
            logger.info("/metrics is at http://%s:%d/metrics", self._host, self._port)
            async with server:
                await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await self._answer(head))
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError):
            pass  # whoever it was asks again, or was not Prometheus
        except Exception:
            logger.exception("Cannot answer a scrape of /metrics; the next one is answered anew.")
        finally:
            writer.close()

    async def _answer(self, head: bytes) -> bytes:
        method, target, *_ = *head.split(b"\r\n", 1)[0].split(b" "), b"", b""
        if target.partition(b"?")[0] != PATH:
            return _response(b"404 Not Found", b"There is nothing here but /metrics.\n")
        if method not in (b"GET", b"HEAD"):
            return _response(b"405 Method Not Allowed", b"Only GET and HEAD.\n", b"Allow: GET, HEAD\r\n")
        page = await self._page()
        whole = _response(b"200 OK", page, media_type=MEDIA_TYPE.encode())
        return whole if method == b"GET" else whole[: -len(page)]


def _response(
    status: bytes, body: bytes, headers: bytes = b"", media_type: bytes = b"text/plain; charset=utf-8"
) -> bytes:
    return (
        b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n"
        b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n%b\r\n%b"
    ) % (status, media_type, len(body), headers, body)
