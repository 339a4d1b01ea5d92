"""A fault: a name, how it is inflicted and undone, and what a client may notice of it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from .clients.audience import Audience
    from .stage import Stage

    Inflict = Callable[[Stage, Audience], AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One row of the table.

    - ``what``: what happens, in a line.
    - ``inflict``: a context manager: the fault lasts as long as its block.
    - ``lasts``: seconds.
    - ``may``: what clients may meet of it: counts of `Findings`, and codes of problems; nothing else.
    - ``rate``: bytes per second that the clients of this row read.
    - ``lacking``: why the fault cannot be inflicted on this machine; empty if it can.
    """

    name: str
    what: str
    inflict: Inflict
    plan: Plan = field(default_factory=Plan)
    lasts: float = 3.0
    may: frozenset[str] = frozenset()
    rate: int | None = None
    lacking: Callable[[], str] = str


@contextmanager
def repeatedly(action: Callable[[], object], every: float) -> Iterator[None]:
    """Do something at once, and again every so many seconds, until the block ends."""
    over = threading.Event()

    def repeat() -> None:
        while True:
            action()
            if over.wait(every):
                return

    thread = threading.Thread(target=repeat, name="fault", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
