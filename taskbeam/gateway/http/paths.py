"""Where in somebody's application a gateway is, so that each URL that it writes is right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

from starlette.routing import Mount

from taskbeam.gateway.http.route_tree import answering_routes
from taskbeam.gateway.jobs.accepted import TaskUrls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.requests import HTTPConnection
    from starlette.types import Scope

#: The path, below the gateway's prefix, of the route that is looked for.
MARKED_PATH = "/healthz"

#: Of a prefix's parameter, as Starlette writes it in a route's `path_format`.
_PARAMETER = re.compile(r"{(\w+)}")

#: What needs no escape in a path (RFC 3986, 3.3), but for `;`, which would end a cookie's; and what is one.
_AS_IT_IS = "/:@!$&'()*+,=~%"


def has_address(task_id: str) -> bool:
    """Whether a task can have addresses of its own: in a path, a slash cannot be told from the next segment.

    Servers and proxies decode ``%2F`` before anybody looks. No transport follows a task without an address.
    """
    return "/" not in task_id


class Way(NamedTuple):
    """``passed`` are the applications and wrappers that a request passes, the outermost first."""

    prefix: str
    passed: tuple[Any, ...]


class Paths:
    """The paths of one gateway's tasks, for whoever answers a request of any application that has it.

    ``marker`` is the name of the gateway's own route for `MARKED_PATH`: no other gateway has it.
    """

    def __init__(self) -> None:
        self.marker = f"taskbeam-{uuid4().hex}"

    def task(self, request: HTTPConnection, task_id: str) -> TaskUrls:
        """The paths of a task, as the client of ``request`` reaches them.

        Raises as `prefix` does, and `ValueError` for an id with a slash.
        """
        if not has_address(task_id):
            raise ValueError(f"The task {task_id!r} has no address: its id has a slash. Choose another id.")
        task = f"{self.prefix(request)}/tasks/{quote(task_id, safe='')}"
        return TaskUrls(self=task, events=f"{task}/events", ws=f"{task}/ws", cancel=f"{task}/cancel")

    def prefix(self, request: HTTPConnection) -> str:
        """What stands before the gateway's own paths: a proxy's or server's root path, mounts and prefixes.

        Raises `LookupError` where the application that answers the request does not have the gateway, or has
        it below a parameter that the request's path has not.
        """
        for place, root in _places(request.scope):
            below = self.prefix_in(place)
            if below is not None:
                return quote(root.rstrip("/") + _filled(below, request.path_params), safe=_AS_IT_IS)
        raise LookupError(
            "The application that answers this request has no Taskbeam gateway, so its URLs are unknown. "
            "Call app.include_router(gateway.router) or app.mount(path, gateway.asgi()) on it. What wraps "
            "the gateway has to keep it as its `app`, as Starlette's middleware does."
        )

    def prefix_in(self, app: Any) -> str | None:
        """The gateway's prefix in a Starlette application, mounts included; None where it is not there.

        Parameters of the path stand in it by their names, in braces.
        """
        way = self.way_in(app)
        return way.prefix if way is not None else None

    def way_in(self, app: Any) -> Way | None:
        """How a request comes to the gateway in a Starlette application; None where it is not there."""
        routes = getattr(app, "routes", None)
        if not isinstance(routes, list):
            inner = getattr(app, "app", None)
            return self._below("", app, inner) if inner is not None else None
        for route in answering_routes(routes):
            if getattr(route, "name", None) == self.marker:
                return Way(route.path_format.removesuffix(MARKED_PATH), (app,))
            if isinstance(route, Mount):
                found = self._below(route.path_format.removesuffix("/{path}"), app, route.app)
                if found is not None:
                    return found
        return None

    def _below(self, prefix: str, app: Any, inner: Any) -> Way | None:
        way = self.way_in(inner)
        return Way(prefix + way.prefix, (app, *way.passed)) if way is not None else None


def _places(scope: Scope) -> Iterator[tuple[Any, str]]:
    """The application that answers, and the one around it, each with its own root path."""
    root: str = scope.get("root_path", "")
    app, outermost = scope.get("app"), scope.get("router")
    if getattr(app, "router", None) is not outermost:
        yield app, root
    yield outermost, scope.get("app_root_path", root)


def _filled(path: str, parameters: Mapping[str, Any]) -> str:
    missing = sorted(set(_PARAMETER.findall(path)) - parameters.keys())
    if missing:
        raise LookupError(
            f"The Taskbeam gateway is below {path} in this application, and the path of this request has no "
            f"{' and no '.join(missing)}, so the gateway's URLs are unknown. Answer from a route that has it."
        )
    return _PARAMETER.sub(lambda found: str(parameters[found[1]]), path)
