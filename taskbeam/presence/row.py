"""What is kept of a run while it goes on."""

from __future__ import annotations

import json
from typing import NamedTuple


class Row(NamedTuple):
    """``redelivered``: the broker delivers the task again if its worker dies (`acks_late`, the solo pool)."""

    run: str
    redelivered: bool
    task_id: str

    def encode(self) -> str:
        """As Redis keeps it."""
        return json.dumps(self)

    @classmethod
    def decode(cls, raw: bytes) -> Row:
        """Read what `encode` made."""
        run, redelivered, task_id = json.loads(raw)
        return cls(run, redelivered, task_id)


class Stalled(NamedTuple):
    """A run that was told as STALLED, and the worker whose return would end that."""

    worker: str
    result_key: str
    row: Row

    def encode(self) -> str:
        """As Redis keeps it."""
        return json.dumps([self.worker, self.result_key, *self.row])

    @classmethod
    def decode(cls, raw: bytes) -> Stalled:
        """Read what `encode` made."""
        worker, result_key, *row = json.loads(raw)
        return cls(worker, result_key, Row(*row))
