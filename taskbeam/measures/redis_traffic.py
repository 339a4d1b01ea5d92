"""What goes to the Redis server with the journals, and how often it is connected to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RedisTraffic:
    """Of one gateway.

    - ``commands``: over the connection for reads; ``round_trips``: in so many writes.
    - ``journal_reads``: of the commands, those that read a journal; ``failed_reads``: of them, those that
      were answered with an error, or not at all.
    - ``reading``, ``subscribing``: how often the connection for reads was made, and the one that hears what
      is published.
    """

    commands: int = 0
    round_trips: int = 0
    journal_reads: int = 0
    failed_reads: int = 0
    reading: int = 0
    subscribing: int = 0
