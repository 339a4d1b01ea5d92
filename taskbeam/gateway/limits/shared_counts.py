"""How much each name holds here and at the other gateways, and who came last. Pure.

What is here is exact at every moment. What is elsewhere is as old as the last `learn`, so a newcomer is let
in by what is known, and is turned away later where it was one too many.
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Bytes of what stands for a name in Redis: names come from clients, and may be long.
DIGEST = 16


class Newcomer(Protocol):
    """Whoever took a place of a name's since the gateways were last asked."""

    def turn_away(self) -> bool:
        """Give the place back, and tell the client why; returns whether it was still taken."""


class Held(NamedTuple):
    """What a name holds in this process, how much it may hold in all, and what each newcomer holds.

    The newest is the first of the ``newcomers``, as they are turned away.
    """

    here: int
    most: int
    newcomers: list[int]


class SharedCounts:
    """Places of one ``kind``, such as connections; ``most_of`` says how many a name may have, None = any."""

    def __init__(self, kind: str, most_of: Callable[[str], int | None]) -> None:
        self._kind = kind
        self._most_of = most_of
        self._here: Counter[str] = Counter()
        self._elsewhere: Mapping[str, int] = {}
        self._changed: set[str] = set()
        # How many places of a name each newcomer took, until the others have answered about the name.
        self._newcomers: dict[str, dict[Newcomer, int]] = {}
        self._reported: dict[str, tuple[str, int]] = {}

    def here(self, name: str) -> int:
        """What the name holds in this process."""
        return self._here[name]

    def has_room(self, name: str, number: int = 1) -> bool:
        """Whether the name may have so many more, as far as this process knows."""
        most = self._most_of(name)
        if most is None:
            return True
        elsewhere = self._elsewhere.get(self._digest(name), 0) if self._elsewhere else 0
        return self._here[name] + elsewhere + number <= most

    def add(self, name: str, newcomer: Newcomer, number: int = 1) -> None:
        """The newcomer takes so many places."""
        self._here[name] += number
        if self._most_of(name) is not None:
            self._changed.add(name)
            newcomers = self._newcomers.get(name)
            if newcomers is None:
                self._newcomers[name] = {newcomer: number}
            else:
                newcomers[newcomer] = newcomers.get(newcomer, 0) + number

    def remove(self, name: str, holder: Newcomer, number: int = 1) -> None:
        """So many places are free. Names of nobody are not kept: they come from clients."""
        self._here[name] -= number
        if self._here[name] <= 0:
            del self._here[name]
        if self._most_of(name) is not None:
            self._changed.add(name)
            newcomers = self._newcomers.get(name)
            if newcomers is not None:
                newcomers.pop(holder, None)

    # What the gateways tell each other.

    @property
    def unreported(self) -> int:
        """Of how many names something is to be reported."""
        return len(self._changed)

    def forget_reports(self) -> None:
        """Nobody knows what was reported: everything is to be reported again."""
        self._changed |= self._here.keys()

    def report(self, most: int) -> dict[str, Held]:
        """What names hold that changed since they were reported, so many at the most; by their digests."""
        names = [self._changed.pop() for _ in range(min(most, len(self._changed)))]
        limits = ((name, self._most_of(name)) for name in names)
        self._reported = {self._digest(name): (name, limit) for name, limit in limits if limit is not None}
        return {
            digest: Held(self._here[name], limit, list(self._newcomers.get(name, {}).values())[::-1])
            for digest, (name, limit) in self._reported.items()
        }

    def learn(self, elsewhere: Mapping[str, int]) -> None:
        """What the others held when they answered the report; the newest of too many are turned away.

        ``elsewhere`` has, by digest, what is not nothing of those reported and of all that have no room.
        """
        self._elsewhere = elsewhere
        for digest, (name, most) in self._reported.items():
            newcomers = self._newcomers.get(name, {})
            excess = self._here[name] + elsewhere.get(digest, 0) - most
            if newcomers and digest in elsewhere and excess > 0:
                _turn_away(newcomers, excess)
                self._changed.add(name)  # it was told as if all went, and somebody may stay
            if name not in self._changed:
                self._newcomers.pop(name, None)

    def _digest(self, name: str) -> str:
        text = f"{self._kind} {name}".encode(errors="surrogatepass")
        return blake2b(text, digest_size=DIGEST).hexdigest()


def _turn_away(newcomers: Mapping[Newcomer, int], excess: int) -> None:
    for newcomer, number in reversed(list(newcomers.items())):
        if excess <= 0:
            return
        if newcomer.turn_away():
            excess -= number
