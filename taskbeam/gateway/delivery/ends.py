"""What a client is told when there is nothing to follow."""

from __future__ import annotations

from taskbeam.follow.channel import End
from taskbeam.gateway.errors import EXPIRED, UNKNOWN_TASK
from taskbeam.journal.history import Absence

PROBLEMS = {
    End.UNKNOWN: UNKNOWN_TASK,
    End.EXPIRED: EXPIRED,
    Absence.UNKNOWN: UNKNOWN_TASK,
    Absence.EXPIRED: EXPIRED,
}
