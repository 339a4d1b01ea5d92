"""A run's events, each with the payload that its task has registered, or without."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from celery.exceptions import SoftTimeLimitExceeded

from taskbeam.background.logger import logger_for
from taskbeam.celery.payloads import MEMBERS, Payload, payloads_of

if TYPE_CHECKING:
    from taskbeam.celery.payloads import Payloads
    from taskbeam.journal.describe import Description

logger = logger_for(__name__)


class PayloadCheck:
    """The check of one run. Of each kind of payload its log speaks once: a loop may emit a million."""

    def __init__(self, task_id: str, task_name: str, payloads: Payloads) -> None:
        self._task = f"Task {task_name}[{task_id}]"
        self._payloads = payloads
        self._said: set[Payload] = set()

    def fit(self, description: Description) -> Description:
        """The event as it is, or without a payload that does not fit, which it says as of one too large.

        Raises nothing but `SoftTimeLimitExceeded`, which comes whenever it is due.
        """
        for (kind, member), payload in MEMBERS.items():
            if kind == description.type and member in description.members:
                return self._checked(description, member, payload)
        return description

    def _checked(self, description: Description, member: str, payload: Payload) -> Description:
        try:
            fault = self._payloads.fault(payload, description.members[member])
        except SoftTimeLimitExceeded:
            raise
        except ImportError:
            self._say(payload, "nothing checks its %s: install pydantic where this worker runs", payload)
            return description
        except Exception as error:  # a validator is the application's code
            fault = f"checking it raised {type(error).__name__}: {error}"
        if fault is None:
            return description
        self._say(
            payload,
            "its %s is not what taskbeam_payloads says (%s), so clients receive the event without it. "
            "Correct the task, or the type that it has registered. This is said once a run",
            payload,
            fault,
        )
        # The names of files go with what named them.
        left = {name: text for name, text in description.members.items() if name not in (member, "files")}
        return replace(description, members=left | {f"{member}_omitted": "true"})

    def _say(self, payload: Payload, what: str, *details: object) -> None:
        if payload not in self._said:
            self._said.add(payload)
            logger.error(f"%s: {what}", self._task, *details)


def check_of(task: object, task_id: str) -> PayloadCheck | None:
    """The check of a run of the task; None where it has registered no payloads."""
    payloads = payloads_of(task)
    return PayloadCheck(task_id, getattr(task, "name", ""), payloads) if payloads is not None else None
