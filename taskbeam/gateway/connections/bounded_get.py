"""Fetch a small document from a configured URL: at most so many bytes, within so many seconds in all.

Neither a server that never ends nor one that sends a byte now and then holds anything up, and nothing blocks
the event loop. Redirects are not followed, and no proxy of the environment is used.
"""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

import httptools

#: Bytes to read at once.
CHUNK = 16 * 1024

_PORTS = {"https": 443, "http": 80}


class FetchError(Exception):
    """It could not be fetched; the message says why."""


class _Document:
    """What httptools calls for an answer."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.complete = False

    def on_message_begin(self) -> None:
        self.complete = False
        self.body.clear()

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


async def bounded_get(url: str, *, within: float, limit: int) -> bytes:
    """GET a document of at most ``limit`` bytes, its head included, ``within`` seconds in all.

    Raises `FetchError`; also for every status but 200.
    """
    try:
        async with asyncio.timeout(within):
            return await _get(url, limit)
    except TimeoutError:
        raise FetchError(f"there is no answer within {within:g} s") from None
    except httptools.HttpParserError as error:
        raise FetchError(f"the answer is not HTTP: {error}") from error
    except (OSError, ValueError) as error:  # ValueError: a name that IDNA does not know
        raise FetchError(str(error)) from error


async def _get(url: str, limit: int) -> bytes:
    parts = urlsplit(url)
    host = parts.hostname or ""
    # Making a context reads files.
    context = await asyncio.to_thread(ssl.create_default_context) if parts.scheme == "https" else None
    reader, writer = await asyncio.open_connection(host, parts.port or _PORTS[parts.scheme], ssl=context)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        head = (f"GET {target} HTTP/1.1", f"Host: {parts.netloc}", "Accept: application/json")
        writer.write("\r\n".join((*head, "User-Agent: taskbeam", "Connection: close", "", "")).encode())
        return await _read(reader, limit)
    finally:
        writer.transport.abort()


async def _read(reader: asyncio.StreamReader, limit: int) -> bytes:
    document = _Document()
    parser = httptools.HttpResponseParser(document)
    size = 0
    # An answer of 1xx comes before the one that counts. One without a length ends with the connection.
    while not (document.complete and parser.get_status_code() >= 200):
        data = await reader.read(CHUNK)
        size += len(data)
        if size > limit:
            raise FetchError(f"the answer is larger than {limit} bytes")
        if not data:
            break
        parser.feed_data(data)
    status = parser.get_status_code()
    if status != 200:
        followed = ", and redirects are not followed" if 300 <= status < 400 else ""
        raise FetchError(f"the answer is {status or 'empty'}{followed}")
    return bytes(document.body)
