"""The routes of an application as they answer: with the prefix and the dependencies of each including."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def answering_routes(routes: Iterable[Any]) -> Iterator[Any]:
    """Each route, in the order in which they are asked; what is mounted is one route.

    Since 0.137 FastAPI keeps an included router as it is, and knows apart what each of its routes became. It
    made routes of its own of them before.
    """
    for route in routes:
        included = getattr(route, "effective_route_contexts", None)
        if included is None:
            yield route
        else:
            for became in included():
                yield became.starlette_route or became
