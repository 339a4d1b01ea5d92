"""The event that every server is given: 160 bytes in the contract's form, numbered by its id."""

from __future__ import annotations

import time
from itertools import count
from random import getrandbits
from typing import NamedTuple

SIZE = 160
EPOCH = 1763800000000
TYPE = "data"
STATE = "STARTED"

_NUMBERS = count(getrandbits(32))


class Payload(NamedTuple):
    """The event with this number, counted from 1, of a task; ``ts`` is when it was made, in Unix seconds."""

    task_id: str
    seq: int
    ts: float
    size: int = SIZE

    @classmethod
    def now(cls, task_id: str, seq: int, size: int = SIZE) -> Payload:
        """An event that is made now."""
        return cls(task_id, seq, time.time(), size)

    @property
    def filling(self) -> str:
        """The data that fills the event up to its size."""
        bare = len(self._body("0", self._back("")))
        return "x" * (self.size - bare - len(str(self.seq)) + 1)

    @property
    def body(self) -> str:
        """The whole event, for servers that are given it ready."""
        return self._body(str(self.seq), self._back(self.filling))

    def _body(self, seq: str, back: str) -> str:
        front = f'"task_id":"{self.task_id}","type":"{TYPE}","state":"{STATE}","name":null,"attempt":1,'
        return f'{{"id":"{EPOCH}-{seq}",{front}{back}'

    def _back(self, filling: str) -> str:
        return f'"ts":{self.ts:.6f},"final":false,"data":"{filling}"}}'


def new_task_id() -> str:
    """Short, so that the event stays within its size, and never used before."""
    return f"{next(_NUMBERS) % 2**32:08x}"
