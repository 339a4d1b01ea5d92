"""What becomes of a message, by what came of sending it. Pure: a table, and how long to wait.

The rules are those of Standard Webhooks ("Deliverability and reliability") and of Web Push (RFC 8030).
"""

from __future__ import annotations

import random
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbeam.outgoing.answer import Answer


class Verdict(Enum):
    """What to do with the message, and with its target."""

    #: The target has it.
    SENT = auto()
    #: Send it again, later.
    AGAIN = auto()
    #: Nobody will take this message.
    DROP = auto()
    #: The target is no more: forget it, and all that is due to it.
    FORGET = auto()
    #: It wants nothing any more: keep it, disabled, for its owner to see.
    DISABLE = auto()
    #: It is we who are configured wrongly: tell the operator, and send it again later.
    ALARM = auto()


class Rules(NamedTuple):
    """How one kind of target answers. What is in no table is sent again."""

    by_status: dict[int, Verdict]
    #: Seconds from one try to the next; behind the last the message is given up.
    schedule: Sequence[float]

    def judge(self, answer: Answer) -> Verdict:
        """What an answer means."""
        if answer.taken:
            return Verdict.SENT
        return self.by_status.get(answer.status, Verdict.AGAIN)

    def pause(
        self, tries: int, answer: Answer, uniform: Callable[[float, float], float] = random.uniform
    ) -> float | None:
        """Seconds until the next try.

        Args:
            tries: how often it was sent in vain, the last time included; at least 1.
            answer: the last one; its ``retry_after`` is heeded, up to the longest pause of the schedule.
            uniform: as `random.uniform`.

        Returns None where the message is to be given up.
        """
        if tries > len(self.schedule):
            return None
        pause = self.schedule[tries - 1] * uniform(0.9, 1.1)
        return max(pause, min(answer.retry_after or 0.0, max(self.schedule)))


MINUTE, HOUR = 60.0, 3600.0

#: Standard Webhooks' own: after the first try, nine more in some three days.
WEBHOOK = Rules(
    {410: Verdict.DISABLE},
    (5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR),
)

#: A push service keeps what it has taken, so it is away for moments only; and news of yesterday are none.
PUSH = Rules(
    {
        400: Verdict.DROP,
        413: Verdict.DROP,
        404: Verdict.FORGET,
        410: Verdict.FORGET,
        401: Verdict.ALARM,
        403: Verdict.ALARM,
    },
    (5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR),
)
