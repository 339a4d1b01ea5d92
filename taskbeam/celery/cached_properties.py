"""Celery's cached properties in processes that are forked.

kombu's `cached_property` has a lock, one for all objects of a class, and holds it whenever the property is
read. A child whose parent read one in another thread would wait for that lock as soon as it reads it.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from taskbeam.background.forks import free_in_children

if TYPE_CHECKING:
    from collections.abc import Iterator


#: Whose values belong to one process.
_anew: WeakSet[Any] = WeakSet()

#: What a child has from its parents. Nobody closes it: that might need a lock that a thread of theirs held.
_of_parents: list[Any] = []


def readable_in_children(*kinds: type) -> None:
    """Let each process that is forked read what objects of these classes cache."""
    for kind in kinds:
        for _, each in _of(kind):
            if (lock := getattr(each, "lock", None)) is not None:  # Python's own has none since 3.12
                free_in_children(lock)


def made_anew_in_children(instance: Any) -> None:
    """Let each process that is forked make for itself what the object caches."""
    _anew.add(instance)


def _forget() -> None:
    for instance in list(_anew):
        cached = vars(instance)
        _of_parents.extend(cached.pop(name) for name, _ in _of(type(instance)) if name in cached)


def _of(kind: type) -> Iterator[tuple[str, Any]]:
    for base in kind.__mro__:
        for name, each in vars(base).items():
            if isinstance(each, cached_property):
                yield name, each


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
