"""Where on a request a token may be: a header, a cookie, a WebSocket subprotocol, or a ticket in the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from starlette.requests import cookie_parser

from taskbeam.gateway.problems import UNAUTHENTICATED, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: By its prefix a browser takes it from HTTPS or its own machine alone: nobody else plants one (RFC 6265bis).
COOKIE = "__Secure-taskbeam"

#: The subprotocol that the gateway speaks, and how a browser's WebSocket brings a token beside it.
SUBPROTOCOL = "taskbeam"
_TOKEN_SUBPROTOCOL = "taskbeam.token."


class Credentials(NamedTuple):
    """What was found; a ticket stands for a token."""

    token: str | None = None
    ticket: str | None = None


def find_credentials(
    authorization: str | None,
    query: Mapping[str, str],
    cookies: Iterable[str],
    subprotocols: Sequence[str],
) -> Credentials | None:
    """The request's own, most explicit one; None where there is none. ``cookies`` as for `token_in_cookie`.

    Raises `TaskbeamError` ``unauthenticated`` for an Authorization of another kind.
    """
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise TaskbeamError(UNAUTHENTICATED)
        return Credentials(token=token.strip())
    for subprotocol in subprotocols:
        if subprotocol.startswith(_TOKEN_SUBPROTOCOL):
            return Credentials(token=subprotocol.removeprefix(_TOKEN_SUBPROTOCOL))
    if query.get("ticket"):
        return Credentials(ticket=query["ticket"])
    kept = token_in_cookie(cookies)
    return Credentials(token=kept) if kept is not None else None


def token_in_cookie(cookies: Iterable[str]) -> str | None:
    """The token of a request's first `COOKIE`; None where it has none.

    ``cookies`` are its `Cookie` headers. A browser may have one for the task, one for the gateway and one for
    another gateway, and says that of the longest path first (RFC 6265, 5.4).
    """
    pairs = (cookie_parser(pair) for header in cookies for pair in header.split(";"))
    return next((pair[COOKIE] for pair in pairs if pair.get(COOKIE)), None)
