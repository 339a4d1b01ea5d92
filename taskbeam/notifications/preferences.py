"""Of which ends a person wants to hear, on which channel. Pure: one rule, over what its owner has said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from taskbeam.journal.events import IGNORED, REVOKED, SUCCESS
from taskbeam.journal.failures import REVOKED as CANCELLED
from taskbeam.notifications.task_pattern import TaskPattern, fits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbeam.notifications.ended import Ended
    from taskbeam.notifications.target import Target

#: Preferences of one owner.
MOST = 50


class Preference(BaseModel):
    """What an owner wants to hear of some tasks; of several that fit, the first decides.

    - ``channel``: a kind of target, or `*` for all.
    - ``tasks``: their name, or its beginning and `*`.
    - ``tell``: of ``all`` ends, of ``failures``, or of ``none``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", title="Preference")

    channel: Literal["push", "webhook", "*"] = Field(description="`*`: all of them.")
    tasks: TaskPattern = Field(
        description="Their name, or its beginning, such as `reports.*`; `*`: all tasks."
    )
    tell: Literal["all", "failures", "none"] = Field(description="Of which ends.")


def whose(target: Target) -> str | None:
    """Whose preferences a target heeds. None: the application's own, and a device that is nobody's."""
    return None if target.owner == target.id else target.owner


def is_wanted(
    target: Target, ended: Ended, preferences: Iterable[Preference], critical: Iterable[str]
) -> bool:
    """Whether a target is to be told of an end that is due to it.

    Args:
        target: to whom the end is due.
        ended: which one.
        preferences: of `whose` target it is.
        critical: patterns of the tasks that no preference silences.

    Returns True where nothing that was said fits. Whoever asked for this very task is told of it, failure or
    not, unless they want to hear nothing of such tasks.
    """
    name = ended.name or ""
    if any(fits(pattern, name) for pattern in critical):
        return True
    for preference in preferences:
        if preference.channel in ("*", target.kind) and fits(preference.tasks, name):
            asked = preference.tell == "failures" and (target.id in ended.asked_by or _is_failure(ended))
            return preference.tell == "all" or asked
    return True


def _is_failure(ended: Ended) -> bool:
    """Neither done, nor ended because somebody wanted that; a task that came too late is one."""
    if ended.state == REVOKED:
        error = ended.event.get("error")
        return isinstance(error, dict) and error.get("code") != CANCELLED.code
    return ended.state not in (SUCCESS, IGNORED)
