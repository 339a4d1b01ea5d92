"""What opens a feed's stream for a client that can set no header: a single-use ticket, or a cookie."""

from urllib.parse import quote, unquote

from fastapi import APIRouter, Request, Response
from starlette.types import Scope

from taskbeam.gateway import problems
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.feeds.routes import FEED_PROBLEMS, Feed
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.problem_details import documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.http.tickets import Ticket, hand_over_cookie, ticket_of

router = APIRouter(tags=["tickets"], route_class=GatewayRoute)

_PROBLEMS = documented(*FEED_PROBLEMS, problems.FOREIGN_ORIGIN, problems.UNSUPPORTED_MEDIA_TYPE)


@router.post(
    "/feeds/{feed:path}/tickets",
    operation_id="create_feed_ticket",
    status_code=201,
    responses=_PROBLEMS | {201: described("A ticket.", "Cache-Control")},
)
async def create_ticket(gateway: RuntimeDep, caller: CallerDep, response: Response, feed: Feed) -> Ticket:
    """A ticket that reads the feed, for the URL of an `EventSource`."""
    return await ticket_of(gateway, response, caller.reader_of_feed(feed))


@router.post(
    "/feeds/{feed:path}/cookie",
    operation_id="set_feed_cookie",
    status_code=204,
    responses=_PROBLEMS | {204: described("The cookie is set.", "Set-Cookie", "Cache-Control")},
)
async def set_cookie(
    request: Request, gateway: RuntimeDep, caller: CallerDep, response: Response, feed: Feed
) -> None:
    """A cookie that reads the feed for as long as the token, at the address as it was spelt here."""
    path = f"{gateway.paths.prefix(request)}/feeds/{_as_spelt(request.scope, feed)}"
    hand_over_cookie(gateway, response, caller.reader_of_feed(feed), path)


def _as_spelt(scope: Scope, feed: str) -> str:
    """The feed's name as it stands in the request's path: a browser compares paths letter by letter.

    A `:` may be written as it is or as ``%3A``, and a `;` would end the cookie's path (RFC 6265, 4.1.1).
    """
    asked = scope.get("raw_path", b"").partition(b"?")[0].decode("latin-1").removesuffix("/cookie")
    parts = asked.split("/feeds/")
    rests = ("/feeds/".join(parts[place:]) for place in range(1, len(parts)))
    spelt = next((rest for rest in rests if unquote(rest) == feed), quote(feed, safe=":"))
    return spelt.replace(";", "%3B")
