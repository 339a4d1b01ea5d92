"""What is known to be revoked, and whom that concerns: pure, in one process's memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from taskbeam.gateway.auth.identity import Identity

#: Of a token that is revoked whenever it was issued.
EVER = float("inf")


class Revocation(NamedTuple):
    """``name`` is `token:<jti>`, `owner:<owner>` or `key:<id>`, as in `Identity.revocable_by`.

    It concerns what was issued up to ``until``, in Unix seconds.
    """

    name: str
    until: float


class Revoked:
    """Revocations, each kept for ``longest`` seconds since it was heard of: then all it concerns has expired.

    That is told by ``clock``, which never goes back and never jumps, so no clock brings back what is revoked.
    """

    def __init__(self, longest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest = longest
        self._clock = clock
        self._until: dict[str, float] = {}
        self._heard: dict[str, float] = {}

    def learn(self, found: Iterable[Revocation]) -> bool:
        """Take them in; returns whether there was something new. Of two about one name the later holds."""
        now = self._clock()
        news = [each for each in found if each.until > self._until.get(each.name, -1.0)]
        for name, until in news:
            self._until[name] = max(until, self._until.get(name, until))
            self._heard[name] = now
        if news:
            for name in [name for name, heard in self._heard.items() if heard < now - self._longest]:
                del self._heard[name], self._until[name]
        return bool(news)

    def concerns(self, identity: Identity) -> bool:
        """Whether the identity is revoked: by its own names, or by those of what it came of."""
        if not self._until:
            return False
        return any(identity.issued <= self._until.get(name, -1.0) for name in identity.revocable_by)
