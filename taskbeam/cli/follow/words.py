"""A job in words, for a terminal. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from taskbeam.contract.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import TransportError

    from taskbeam.cli.follow.job import Job
    from taskbeam.contract.events import Step

#: What a terminal would obey instead of show (ECMA-48, 5.2 and 5.3); a line break and a tab may stay.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

#: Characters of a result that are shown.
LONGEST_RESULT = 2000

_MARKS = {"done": "✓", "failed": "✗", "stopped": "■", "running": "▸"}

_WAITS = {"no_consumer": "no worker consumes its queue", "dependency": "waits for the tasks before it"}


def shown(text: object) -> str:
    """What somebody else wrote, without what a terminal would obey."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", str(text))


def one_line(text: object) -> str:
    """The same on one line."""
    return " ".join(shown(text).split())


def percent(job: Job) -> str:
    """How far it is; '' while nobody can tell."""
    return "" if job.percent is None else f"{job.percent:.0f}%"


def standing(job: Job, now: float) -> str:
    """All of it on a line: state, percent, and what else there is to say. ``now``: Unix seconds."""
    return one_line(" ".join((job.state, percent(job), situation(job, now))))


def reason(error: Refused | TransportError) -> str:
    """Why the gateway does not do what it was asked."""
    if isinstance(error, Refused):
        return one_line(f"{error.message} ({error.code})")
    return one_line(f"the gateway cannot be reached: {error}")


def situation(job: Job, now: float) -> str:
    """What there is to say beside its state and percent. ``now``: Unix seconds."""
    parts = [f"attempt {job.attempt}"] if job.attempt > 1 else []
    if job.error is not None:
        reference = f" [ref {job.error.ref}]" if job.error.ref else ""
        parts.append(f"{job.error.code}: {job.error.message}{reference}")
    elif job.progress is not None and job.progress.message and not job.final:
        parts.append(job.progress.message)
    if job.retry is not None:
        parts.append(f"next attempt in {duration(max(0.0, job.retry.at - now))}")
    if job.ahead is not None:
        parts.append(f"{job.ahead} ahead")
    if job.waiting is not None:
        parts.append(_WAITS.get(job.waiting, job.waiting))
    left = None if job.final else job.left(now)
    if left is not None:
        parts.append(f"about {duration(left)} left")
    return one_line(" · ".join(parts))


def counts(rollup: Mapping[str, Any]) -> str:
    """How a feed's tasks stand."""
    size = rollup.get("size")
    of = "" if size is None else f" of {size}"
    ended = [f"{number} {state}" for state, number in rollup["done"].items()]
    return one_line(f"{rollup['total']}{of} tasks: " + ", ".join([f"{rollup['open']} open", *ended]))


def step(found: Step) -> str:
    """A step on a line."""
    percent = "" if found.percent is None or found.state == "done" else f" {found.percent:.0f}%"
    message = f" {found.message}" if found.message and found.state == "running" else ""
    return one_line(f"{_MARKS.get(found.state, '·')} {found.name}{percent}{message}")


def result(job: Job) -> str | None:
    """What it returned; None where there is nothing to show."""
    if job.state != "SUCCESS":
        return None
    if job.result_omitted:
        return "The result is too large to be shown, or has no JSON form."
    if job.result is None:
        return None
    text = job.result if isinstance(job.result, str) else compact(job.result)
    return shown(text if len(text) <= LONGEST_RESULT else f"{text[:LONGEST_RESULT]}…")


def compact(value: Any) -> str:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False)


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
