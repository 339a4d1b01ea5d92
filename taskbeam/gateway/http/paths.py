"""Where in somebody's application a gateway is, so that each URL that it writes is right."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

from starlette.routing import Mount, NoMatchFound

from taskbeam.gateway.jobs.accepted import TaskUrls

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

#: The path, below the gateway's prefix, of the route that is looked for.
MARKED_PATH = "/healthz"


def has_address(task_id: str) -> bool:
    """Whether a task can have addresses of its own: in a path, a slash cannot be told from the next segment.

    Servers and proxies decode ``%2F`` before anybody looks. No transport follows a task without an address.
    """
    return "/" not in task_id


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

        Raises `LookupError` where the application that answers the request does not have the gateway.
        """
        below = self.prefix_in(request.app)
        if below is None:
            raise LookupError(
                "The application that answers this request has no Taskbeam gateway, so its URLs are unknown. "
                "Call app.include_router(gateway.router) or app.mount(path, gateway.asgi()) on it."
            )
        root: str = request.scope.get("root_path", "")
        return root.rstrip("/") + below

    def prefix_in(self, app: Any) -> str | None:
        """The gateway's prefix in a Starlette application, mounts included; None where it is not there."""
        if not hasattr(app, "url_path_for"):
            return None
        with suppress(NoMatchFound):
            return str(app.url_path_for(self.marker)).removesuffix(MARKED_PATH)
        for route in app.routes:
            if isinstance(route, Mount):
                below = self.prefix_in(route.app)
                if below is not None:
                    return route.path + below
        return None
