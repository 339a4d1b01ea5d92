"""What the hub tells those who look at the queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from taskbeam.follow.hub import Hub
from taskbeam.follow.missing import MissingJournals
from taskbeam.journal.events import EventId, Record
from taskbeam.journal.history import History
from taskbeam.journal.keys import CELERY_PREFIX, JournalNames, TaskKeys, task_keys
from taskbeam.queues.audience import Audience

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskbeam.follow.event import Event
    from taskbeam.follow.outputs import End
    from taskbeam.journal.reader import JournalReader


class Journal:
    """One event of a task that waits in a queue, or of one that does not."""

    def __init__(self, *, waits: bool) -> None:
        record = Record(EventId(1, 1), False, b"{}")
        self._history = History(record.id, record, [record], waits)

    def ask(
        self,
        keys: TaskKeys,  # noqa: ARG002
        after: object,  # noqa: ARG002
        limit: int,  # noqa: ARG002
        then: Callable[[History], None],
        *,
        text: bool,  # noqa: ARG002
    ) -> None:
        then(self._history)


class Nobody:
    """A client that looks away."""

    def deliver(self, events: Sequence[Event]) -> None:
        """Nothing is read here."""

    def finish(self, end: End) -> None:
        """Nor does anything end."""


@pytest.mark.parametrize("waits", [True, False])
def test_a_task_that_waits_has_an_audience_while_somebody_follows_it(waits: bool) -> None:
    audience = Audience()
    hub = Hub(
        cast("JournalReader", Journal(waits=waits)),
        audience,
        MissingJournals(0),
        JournalNames(CELERY_PREFIX, TaskKeys),
    )
    one, other = hub.follow("7", None, Nobody()), hub.follow("7", None, Nobody())
    hub.subscribed(task_keys("7").channel.encode())
    wanted = []
    for leaves in (one, other):
        wanted.append(audience.wants("7"))
        leaves.cancel()
    assert [*wanted, audience.wants("7")] == [waits, waits, False]
