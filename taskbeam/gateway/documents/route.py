"""A route of a document: it answers whoever asks, and says more to whom the gateway knows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException

from taskbeam.gateway.http.head import AnswersHead
from taskbeam.gateway.http.route import GatewayRoute

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.requests import Request
    from starlette.responses import Response

logger = logging.getLogger(__name__)

#: Nobody is known, or Redis is away. What else an application's `identify` raises is told to its operator.
_EXPECTED = (HTTPException, RequestValidationError, RedisError)


def document_route(to_anybody: Callable[[Request], Response]) -> type[GatewayRoute]:
    """Make a class of routes that answer with ``to_anybody`` where the endpoint, or who asks, fails."""

    class ToAnybody(AnswersHead):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_or_answer_anybody(request: Request) -> Response:
                try:
                    return await handle(request)
                except Exception as error:
                    if not isinstance(error, _EXPECTED):
                        logger.info(
                            "%s is answered without the types of payloads: finding out who asks raised %r",
                            request.url.path,
                            error,
                        )
                    return to_anybody(request)

            return handle_or_answer_anybody

    class DocumentRoute(GatewayRoute, ToAnybody):
        """What is around it is a gateway's."""

    return DocumentRoute
