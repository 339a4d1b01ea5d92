"""What one turn of the event loop parses of what clients send: a portion of each, one after the other.

asyncio reads up to 256 KiB of a client at once, and in one turn of the loop of all who have sent something.
Parsed at once, such a read of small requests or frames takes a quarter of a second, and nobody hears an event
meanwhile. So a client has a portion, and then the others have theirs; and when one turn has taken so much of
all together, everything else comes first. What is left waits, and nothing more is read of that client.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

#: Bytes of one client that are parsed at once. Most heads are smaller; it is 75 of the smallest requests.
PORTION = 2048

#: What one turn of the loop may cost: a portion is one, and each request or frame beyond the first one more.
TURN = 32


class Sender(Protocol):
    """A connection whose client sends something."""

    def take(self, data: bytes) -> int | None:
        """Parse some of it; returns how many bytes.

        0: nothing until `Portions.go_on`. None: nothing more is wanted of this client, at all.
        """

    def pause(self) -> None:
        """Read nothing more: what has come already waits."""

    def resume(self) -> None:
        """Nothing waits any more."""


class Portions:
    """Those of one event loop. ``turn``: see `TURN`."""

    def __init__(self, turn: int = TURN) -> None:
        self._turn = turn
        self._left = turn
        self._is_renewed = False  # when the loop comes round
        #: What waits of whom; who is first has the next portion.
        self._waiting: dict[Sender, memoryview] = {}
        self._held: dict[Sender, memoryview] = {}
        self._paused: set[Sender] = set()

    def has(self, sender: Sender) -> bool:
        """Whether something waits of this one."""
        return sender in self._waiting or sender in self._held

    def pauses(self, sender: Sender) -> bool:
        """Whether nothing is to be read of this one."""
        return sender in self._paused

    def __len__(self) -> int:
        """Bytes that wait."""
        return sum(map(len, self._waiting.values())) + sum(map(len, self._held.values()))

    def received(self, sender: Sender, data: bytes) -> None:
        """Some bytes came."""
        for waiting in (self._waiting, self._held):
            if sender in waiting:
                self._keep(waiting, sender, memoryview(b"".join((waiting[sender], data))))
                return
        self._feed(sender, memoryview(data))

    def spend(self, cost: int) -> None:
        """What is being taken costs so much more."""
        self._left -= cost

    def go_on(self, sender: Sender) -> None:
        """What is held of the sender may be taken."""
        rest = self._held.pop(sender, None)
        if rest is not None:
            self._keep(self._waiting, sender, rest)
            self._renew()

    def forget(self, sender: Sender) -> None:
        """The connection is lost, or somebody else's: what waits of it is dropped."""
        self._waiting.pop(sender, None)
        self._held.pop(sender, None)
        if sender in self._paused:
            self._paused.discard(sender)
            sender.resume()

    def _feed(self, sender: Sender, data: memoryview) -> None:
        """A portion, if this turn has one left; what remains waits."""
        self._renew()
        if self._left <= 0:
            self._keep(self._waiting, sender, data)
            return
        self._left -= 1
        taken = sender.take(bytes(data[:PORTION]))
        if taken is None or taken == len(data):
            self.forget(sender)
        else:
            self._keep(self._waiting if taken else self._held, sender, data[taken:])

    def _keep(self, waiting: dict[Sender, memoryview], sender: Sender, data: memoryview) -> None:
        waiting[sender] = data
        if len(data) > PORTION:
            self._paused.add(sender)
            sender.pause()

    def _renew(self) -> None:
        if not self._is_renewed:
            self._is_renewed = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._left = self._turn
        self._is_renewed = False
        while self._waiting and self._left > 0:
            sender = next(iter(self._waiting))
            self._feed(sender, self._waiting.pop(sender))
        if self._waiting:
            self._renew()
