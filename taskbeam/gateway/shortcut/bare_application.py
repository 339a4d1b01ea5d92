"""Whether an application adds nothing to a gateway's streams, so that they may pass it by. Pure.

Its middleware, its dependencies and the routes in front may let nobody in. So it adds something unless all
of them are known to be the gateway's own. Its exception handlers add nothing: the application itself answers
what ends in an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match

from taskbeam.gateway.http.browser_safety import SafetyHeaders, SiteCheck, Sites, cors
from taskbeam.gateway.http.route_tree import answering_routes
from taskbeam.gateway.limits.body import BodyLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from starlette.middleware import Middleware
    from starlette.types import Scope

#: Below it are the streams that have a shortcut.
_TASKS = "/tasks/"

#: Requests for them, as routes see them.
_PLAIN: tuple[Scope, ...] = (
    {"type": "http", "method": "GET", "path": f"{_TASKS}0/events", "root_path": ""},
    {"type": "websocket", "path": f"{_TASKS}0/ws", "root_path": ""},
)


def is_bare(app: object, router: APIRouter, sites: Sites) -> bool:
    """Whether a plain request would reach the streams of ``router`` as it came.

    ``app`` is the application that is served, ``sites`` are the gateway's own. No application of another
    class than FastAPI's is bare, nor one that is wrapped, or whose dependencies are overridden.
    """
    if not (type(app) is FastAPI and type(app.router) is APIRouter and not app.dependency_overrides):
        return False
    own = [route.endpoint for route in answering_routes(router.routes)]
    return (
        app.middleware_stack is None
        and "build_middleware_stack" not in vars(app)  # where instrumentations put their own
        and app.router.middleware_stack == app.router.app
        and all(_keeps_nothing_back(middleware, sites) for middleware in app.user_middleware)
        and all(_called(app.routes, scope, own) == _called(router.routes, scope, own) for scope in _PLAIN)
    )


def _keeps_nothing_back(middleware: Middleware, sites: Sites) -> bool:
    """Whether it is the gateway's own, and no stricter than the shortcut is."""
    kind: object = middleware.cls
    arguments: dict[str, Any] = middleware.kwargs
    if kind is SiteCheck:
        checked = arguments.get("sites")
        return (
            isinstance(checked, Sites)
            and checked.allowed == sites.allowed
            and (checked.hosts is sites.hosts or checked.hosts.any)
        )
    if kind is CORSMiddleware:
        return arguments == cors(sites.allowed)
    return kind in (SafetyHeaders, BodyLimit)


def _called(
    routes: Iterable[Any], scope: Scope, own: Sequence[Callable[..., Any]]
) -> list[Callable[..., Any] | None] | None:
    """One of the gateway's ``own`` endpoints and what it depends on; None where another may answer."""
    for route in answering_routes(routes):
        endpoint = getattr(route, "endpoint", None)
        if endpoint not in own:
            if _may_be_of_a_task(route):
                return None
        elif route.matches(dict(scope))[0] is Match.FULL:
            return [endpoint, *(depends.dependency for depends in route.dependencies)]
    return None


def _may_be_of_a_task(route: Any) -> bool:
    path: str = getattr(route, "path_format", "{unknown}")
    fixed, parameter, _ = path.partition("{")
    return fixed.startswith(_TASKS) or (parameter != "" and _TASKS.startswith(fixed))
