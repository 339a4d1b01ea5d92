"""A route of the gateway answers alike in anybody's application: errors as problems, with safe headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from redis.exceptions import RedisError

from taskbeam.gateway.http.browser_safety import safety_headers
from taskbeam.gateway.http.problem_details import invalid_request, redis_away, taskbeam_error
from taskbeam.gateway.problems import TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.requests import Request
    from starlette.responses import Response


class GatewayRoute(APIRoute):
    """Needs no exception handler and no middleware of the application that includes it.

    What the application's own dependencies raise is left to the application.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_safely(request: Request) -> Response:
            try:
                response = await handle(request)
            except TaskbeamError as error:
                response = taskbeam_error(error)
            except RequestValidationError as error:
                response = invalid_request(error)
            except RedisError:
                response = redis_away()
            for name, value in safety_headers(request.scope["path"]).items():
                response.headers.setdefault(name, value)
            return response

        return handle_safely
