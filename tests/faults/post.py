"""A place that a process has: it may be killed there, and another one takes the place."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from stack.process import ManagedProcess

T = TypeVar("T")


class Post(Generic[T]):
    """For what ``make`` starts. ``process`` finds the process in it."""

    def __init__(
        self, make: Callable[[], AbstractContextManager[T]], process: Callable[[T], ManagedProcess]
    ) -> None:
        self._make = make
        self._process = process
        self._stack = ExitStack()

    def start(self) -> T:
        """Returns when it is ready."""
        self._now = self._stack.enter_context(self._make())
        return self._now

    @property
    def process(self) -> ManagedProcess:
        """The one that is there, or was last."""
        return self._process(self._now)

    def stop(self) -> None:
        """End it as its operator does (SIGTERM)."""
        self._stack.close()

    def kill(self) -> None:
        """End it, with all that it has started, as a crash of the machine does."""
        self.process.kill()
        self._stack.close()
