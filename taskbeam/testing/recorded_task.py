"""What clients would get of one task, to be asserted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast, overload

from taskbeam.contract.errors import TaskError, result_of
from taskbeam.contract.events import (
    DataEvent,
    Event,
    LogEvent,
    Progress,
    StateEvent,
    Step,
    TaskFault,
    task_event,
)
from taskbeam.contract.text import Text
from taskbeam.testing.story import word

if TYPE_CHECKING:
    from collections.abc import Mapping


class RecordedTask(Sequence[Event]):
    """The events of one task, in order: those that a client gets which follows it from the start.

    They are the types of `taskbeam.client`. It does not change: ask the recording again for what came later.
    """

    def __init__(
        self, task_id: str, bodies: Sequence[Mapping[str, Any]], raised: BaseException | None = None
    ) -> None:
        """``raised``: what the task ended with, where it is known."""
        self.task_id = task_id
        #: The events as JSON has them.
        self.bodies = tuple(bodies)
        self.raised = raised
        # A journal that nobody trims has no gap.
        self._events = tuple(cast("Event", task_event(body)) for body in bodies)

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...

    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        return self._events[index]

    def __len__(self) -> int:
        return len(self._events)

    def __repr__(self) -> str:
        return f"<{self.name} {self.task_id}: {' → '.join(self.story) or 'no events'}>"

    @property
    def name(self) -> str | None:
        """The task's."""
        return next((event.name for event in reversed(self._events) if event.name), None)

    @property
    def states(self) -> list[str]:
        """The transitions: ``["PENDING", "STARTED", "SUCCESS"]``. What a task reports in between is none."""
        return [event.state for event in self._events if isinstance(event, StateEvent)]

    @property
    def story(self) -> list[str]:
        """Each event but text, in the words of `docs/fates.md`: ``["PENDING", "FAILURE quota"]``."""
        return [word(body) for body in self.bodies if body["type"] != "output"]

    @property
    def progress(self) -> list[Progress]:
        """How far the task said that it is, report by report."""
        reports = (getattr(event, "progress", None) for event in self._events)
        return [report for report in reports if report is not None]

    @property
    def log(self) -> list[Any]:
        """The lines of `taskbeam.log`."""
        return [event.data for event in self._events if isinstance(event, LogEvent)]

    @property
    def data(self) -> list[Any]:
        """The chunks of `taskbeam.emit`."""
        return [event.data for event in self._events if isinstance(event, DataEvent)]

    @property
    def output(self) -> str:
        """The text that the newest attempt wrote."""
        text = Text()
        for event in self._events:
            text.take(event)
        return str(text)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, as the newest event has them that has any."""
        found = (getattr(event, "steps", ()) for event in reversed(self._events))
        return next((steps for steps in found if steps), ())

    @property
    def ended(self) -> bool:
        """Whether the last event is final."""
        return bool(self._events) and self._events[-1].final

    @property
    def end(self) -> StateEvent:
        """The final event. Raises `AssertionError` where the task has not ended."""
        last = self._events[-1] if self._events else None
        assert isinstance(last, StateEvent) and last.final, f"The task has not ended: {self!r}"  # noqa: PT018
        return last

    @property
    def fate(self) -> str:
        """The state in which the task ended. Raises `AssertionError` where it has not."""
        return self.end.state

    @property
    def error(self) -> TaskFault | None:
        """What a client is told of the failure. Raises `AssertionError` where the task has not ended."""
        return self.end.error

    @property
    def result(self) -> Any:
        """The result, as JSON has it.

        Raises the `taskbeam.client.TaskError` that `Client.result` raises, because of what the task raised;
        `AssertionError` where it has not ended.
        """
        try:
            return result_of(self.end)
        except TaskError as error:
            raise error from self.raised
