"""A route of the gateway answers alike in anybody's application: errors as problems, with safe headers.

An answer that says nothing else of it is kept by nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from redis.exceptions import RedisError

from taskbeam.gateway.http.browser_safety import safety_headers
from taskbeam.gateway.http.caching import Keep, cache_headers
from taskbeam.gateway.http.counted_problems import count_problem
from taskbeam.gateway.http.head import AnswersHead
from taskbeam.gateway.http.problem_details import invalid_request, redis_away, taskbeam_error
from taskbeam.gateway.problems import INVALID_REQUEST, UNAVAILABLE, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.requests import Request
    from starlette.responses import Response


class GatewayRoute(AnswersHead):
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
                count_problem(request.scope, error.problem)
            except RequestValidationError as error:
                response = invalid_request(error)
                count_problem(request.scope, INVALID_REQUEST)
            except RedisError:
                response = redis_away()
                count_problem(request.scope, UNAVAILABLE)
            kept = cache_headers(response.status_code, Keep.NOBODY)
            for name, value in (safety_headers(request.scope["path"]) | kept).items():
                response.headers.setdefault(name, value)
            return response

        return handle_safely
