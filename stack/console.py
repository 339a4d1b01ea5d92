"""What the launcher shows: the lines of several processes, each whole and under its name."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

NAME_WIDTH = 8


def labelled(name: str, text: str) -> str:
    return f"{name:<{NAME_WIDTH}}| {text}"


class Console:
    """Writes lines from any thread; no line breaks into another."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._lock = threading.Lock()

    def under(self, name: str) -> Callable[[str], None]:
        """A function that shows a line of the process called `name`."""
        return lambda text: self._write(self._out, labelled(name, text))

    def say(self, text: str) -> None:
        self._write(self._out, text)

    def complain(self, text: str) -> None:
        self._write(self._err, text)

    def _write(self, stream: TextIO, text: str) -> None:
        # The reader may have left (a closed terminal, `| head`); the processes still need us.
        with self._lock, contextlib.suppress(OSError):
            stream.write(text + "\n")
            stream.flush()
