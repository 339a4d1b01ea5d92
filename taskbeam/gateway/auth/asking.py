"""Ask the application's own dependency who makes a request, for a bounded time."""

from __future__ import annotations

import asyncio
import inspect
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from taskbeam.background.calls import BlockingCalls
from taskbeam.gateway.problems import UNAVAILABLE, TaskbeamError

if TYPE_CHECKING:
    from collections.abc import Callable

    Dependency = Callable[..., Any]

#: Calls at once of a dependency that is no coroutine function; FastAPI has as many threads for all of them.
AT_ONCE = 40


def bounded(dependency: Dependency, seconds: float) -> Dependency:
    """Make the same FastAPI dependency, which answers or raises within so many ``seconds``.

    After them it raises `TaskbeamError` ``unavailable``. One that is no coroutine function runs in a thread,
    as with FastAPI; what hangs there holds one of `AT_ONCE` threads of its own. A dependency that yields is
    left as it is.
    """
    call = getattr(dependency, "__call__", dependency)  # noqa: B004
    if any(kind(each) for kind in _GENERATORS for each in (dependency, call)):
        return dependency
    if any(map(inspect.iscoroutinefunction, (dependency, call))):
        return _Bounded(dependency, dependency, seconds)
    return _Bounded(dependency, _in_thread(dependency), seconds)


_GENERATORS = (inspect.isgeneratorfunction, inspect.isasyncgenfunction)


class _Bounded:
    """FastAPI takes it for the dependency itself: it is asked once for both, and overridden with it."""

    def __init__(self, dependency: Dependency, ask: Dependency, seconds: float) -> None:
        self._dependency = dependency
        self._ask = ask
        self._seconds = seconds
        # What FastAPI reads the parameters from.
        self.__signature__ = inspect.signature(dependency)
        self.__globals__ = getattr(inspect.unwrap(dependency), "__globals__", {})

    def __eq__(self, other: object) -> bool:
        return other == self._dependency

    def __hash__(self) -> int:
        return hash(self._dependency)

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            async with asyncio.timeout(self._seconds) as deadline:
                return await self._ask(*args, **kwargs)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            detail = f"The application did not say within {self._seconds:g} s who asks."
            raise TaskbeamError(UNAVAILABLE, detail) from error


def _in_thread(dependency: Dependency) -> Dependency:
    calls = BlockingCalls("taskbeam-identify", AT_ONCE)

    async def ask(*args: Any, **kwargs: Any) -> Any:
        context = copy_context()
        return await calls.run(lambda: context.run(dependency, *args, **kwargs), None)

    return ask
