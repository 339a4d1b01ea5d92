"""The one way by which a request leaves to an address that somebody else has named."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from ssl import SSLCertVerificationError, SSLError
from typing import TYPE_CHECKING

import httpcore

from taskbeam.background.calls import BlockingCalls
from taskbeam.outgoing.answer import Answer, seconds_of_retry_after
from taskbeam.outgoing.endpoint import RefusedHostError
from taskbeam.outgoing.network import NoAddressError, PublicNetwork, resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from ssl import SSLContext

    from taskbeam.outgoing.addresses import Network
    from taskbeam.outgoing.endpoint import Endpoint
    from taskbeam.outgoing.network import Resolve

#: Seconds for all of a request: the address, the connection, what is sent, and the head of the answer.
#: Standard Webhooks asks for 15 to 30.
TOTAL_TIMEOUT = 20.0

#: Threads that ask for addresses: a name server may keep one for half a minute.
RESOLVING = 16

#: Connections at once, and idle ones that stay open for the next request to the same host.
CONNECTIONS, IDLE_CONNECTIONS = 100, 20

#: Bytes of a body that are read and forgotten, so that its connection serves again. A longer one costs that.
READ = 4096


#: Seconds for such a body: the status has said all that matters.
BODY_TIMEOUT = 1.0


class Outgoing:
    """Sends requests to public addresses: no redirects, no proxies, no cookies; of the answer its head alone.

    Belongs to one event loop. Opens nothing before the first request.

    Args:
        allowed: networks of ours that may be reached, too.
        total: seconds for a whole request.
        tls: which certificates are trusted; None = those that the system and certifi vouch for.
        resolver: as `taskbeam.outgoing.network.resolve`.
        body: seconds for the body of an answer.
    """

    def __init__(
        self,
        allowed: Collection[Network] = (),
        total: float = TOTAL_TIMEOUT,
        tls: SSLContext | None = None,
        resolver: Resolve = resolve,
        body: float = BODY_TIMEOUT,
    ) -> None:
        self._total = total
        self._body = body
        self._calls = BlockingCalls("taskbeam-resolve", RESOLVING)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=CONNECTIONS,
            max_keepalive_connections=IDLE_CONNECTIONS,
            keepalive_expiry=30.0,
            network_backend=PublicNetwork(self._calls, allowed, resolver),
        )

    async def post(self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send ``body``. Returns what came of it, whatever that is."""
        url = httpcore.URL(
            scheme=endpoint.scheme, host=endpoint.host, port=endpoint.port, target=endpoint.target
        )
        answer = Answer(0, f"no answer within {self._total:.0f} s")
        try:
            async with (
                asyncio.timeout(self._total),
                self._pool.stream("POST", url, headers=list(headers.items()), content=body) as response,
            ):
                answer = _answer(response)
                if _says_its_length(response):
                    async with asyncio.timeout(self._body):
                        await _drain(response)
        except TimeoutError:
            pass
        except RefusedHostError as error:
            answer = Answer(0, str(error))
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            # With a status the receiver has said what it has to say.
            answer = answer if answer.status else Answer(0, _reason(error))
        return answer

    async def close(self) -> None:
        """Close what is open."""
        await self._pool.aclose()
        self._calls.close()


def _answer(response: httpcore.Response) -> Answer:
    for name, value in response.headers:
        if name.lower() == b"retry-after":
            seconds = seconds_of_retry_after(value.decode("latin-1"), datetime.now(UTC))
            return Answer(response.status, retry_after=seconds)
    return Answer(response.status)


def _says_its_length(response: httpcore.Response) -> bool:
    """Whether its end is known before the connection's (RFC 9112 §6.3)."""
    names = {name.lower() for name, _ in response.headers}
    return response.status == 204 or bool(names & {b"content-length", b"transfer-encoding"})


async def _drain(response: httpcore.Response) -> None:
    """Read a short body, so that the connection can be used again."""
    read = 0
    async for chunk in response.aiter_stream():
        read += len(chunk)
        if read > READ:
            return


def _reason(error: BaseException) -> str:
    """In words, without what the receiver has put into it."""
    cause: BaseException | None = error
    while cause is not None:
        for kind, words in _REASONS.items():
            if isinstance(cause, kind):
                return words
        cause = cause.__cause__ or cause.__context__
    return "the connection broke"


#: The first that an error, or what caused it, is.
_REASONS: dict[type[BaseException], str] = {
    SSLCertVerificationError: "its certificate is not trusted",
    SSLError: "it does not speak TLS as it should",
    ConnectionRefusedError: "nobody accepts connections there",
    NoAddressError: "its name has no address",
    httpcore.ConnectTimeout: "nobody answers there",
    httpcore.RemoteProtocolError: "the answer is no HTTP",
}
