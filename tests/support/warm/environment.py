"""Which variables imports have read: a process where these differ may not share what was imported."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What the interpreter, the C library and OpenSSL read before, or without, `os.environ`.
BELOW_PYTHON = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "GLIBC_", "OPENSSL_", "TZ")


@contextmanager
def reads_noted(names: set[str]) -> Iterator[None]:
    """In the block, add to ``names`` each variable that is asked for in `os.environ`, there or not."""
    kind = type(os.environ)
    getitem = kind.__getitem__

    def noted(environ: os._Environ[str], name: str) -> str:
        names.add(name)
        return getitem(environ, name)

    kind.__getitem__ = noted  # type: ignore[method-assign]
    try:
        yield
    finally:
        kind.__getitem__ = getitem  # type: ignore[method-assign]


def differing(read: set[str], then: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """The name of a variable that was read ``then`` and is another ``now``; None: there is none."""
    below = {name for name in {*then, *now} if name.startswith(BELOW_PYTHON)}
    return next((name for name in sorted(read | below) if then.get(name) != now.get(name)), None)
