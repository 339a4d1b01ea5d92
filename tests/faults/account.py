"""What one client was told, event by event, and how it ended."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zlib import crc32


class Id(NamedTuple):
    """An event's id, as the contract writes it: `epoch-seq`."""

    epoch: int
    seq: int

    @classmethod
    def parse(cls, text: str) -> Id:
        epoch, _, seq = text.partition("-")
        return cls(int(epoch), int(seq))

    def __str__(self) -> str:
        return f"{self.epoch}-{self.seq}"


class Word(NamedTuple):
    """The number ``n`` that a run of a task said with `emit`. A run counts from 1."""

    run: str
    n: int


class Heard(NamedTuple):
    """One event as it came: ``at`` which time, by the client's clock, with which bytes (``crc``)."""

    at: float
    id: Id
    crc: int
    gap: str = ""
    word: Word | None = None
    #: How many words the worker says that it dropped before this event.
    dropped: int = 0


class End(NamedTuple):
    """The final event: its state, with the result's run if it is a SUCCESS, else the error's code."""

    state: str
    run: str = ""
    code: str = ""


@dataclass(eq=False)
class Account:
    """Of one client."""

    transport: str
    task_id: str
    heard: list[Heard] = field(default_factory=list)
    #: The final event, when it has come.
    end: End | None = None
    #: The problem after which a client does not come back: its user sees it.
    error: str = ""
    #: Problems after which it came back, and how often.
    retried: Counter[str] = field(default_factory=Counter)
    #: When it asked again, and was served, after a connection had ended.
    came_back: list[float] = field(default_factory=list)
    #: When it was away by its own will: from, to.
    away: list[tuple[float, float]] = field(default_factory=list)

    @property
    def cursor(self) -> str:
        """Up to where it has everything; empty at the beginning."""
        return str(self.heard[-1].id) if self.heard else ""

    @property
    def over(self) -> bool:
        """Whether nothing more is to come."""
        return self.end is not None or bool(self.error)

    def hear(self, body: bytes, at: float) -> None:
        """An event came."""
        event: dict[str, Any] = json.loads(body)
        gap = event["gap"]["reason"] if event["type"] == "gap" else ""
        self.heard.append(
            Heard(at, Id.parse(event["id"]), crc32(body), gap, _word(event), event.get("dropped", 0))
        )
        if event["final"]:
            run = (event.get("result") or {}).get("run", "")
            self.end = End(event["state"], run, event.get("error", {}).get("code", ""))


def _word(event: dict[str, Any]) -> Word | None:
    data = event.get("data")
    if event["type"] != "data" or not isinstance(data, dict) or "run" not in data:
        return None
    return Word(data["run"], data["n"])
