"""Three ways to show jobs as they go on: JSON for programs, lines for pipes, a live screen for terminals."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text as Line

from taskbeam.cli.follow import words
from taskbeam.contract.events import LogEvent
from taskbeam.contract.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from taskbeam.cli.follow.job import Job
    from taskbeam.contract.events import Event, GapEvent

#: How often the screen is drawn, and the width of a bar.
DRAWS_A_SECOND, BAR = 8, 24

_STYLES = {"SUCCESS": "green", "FAILURE": "red", "LOST": "red", "REVOKED": "yellow", "REJECTED": "red"}


class Display(Protocol):
    """Who shows jobs."""

    def show(self, job: Job, event: Event | GapEvent) -> None:
        """The event came, and the job is now like this."""

    def refuse(self, task_id: str, message: str) -> None:
        """The task cannot be followed; ``message`` is one line, as `words.reason` makes it."""


class JsonLines:
    """Each event as the gateway sent it, on a line of its own."""

    def show(self, job: Job, event: Event | GapEvent) -> None:  # noqa: ARG002
        """Print the event."""
        print(json.dumps(event.raw, ensure_ascii=False), flush=True)

    def refuse(self, task_id: str, message: str) -> None:
        """Say so where errors go."""
        print(f"{task_id}: {message}", file=sys.stderr, flush=True)


class PlainLines:
    """A line for each event that says something new."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}
        self._written = Written()

    def show(self, job: Job, event: Event | GapEvent) -> None:
        """Print what is new."""
        for line in self._written.lines(job, event):
            print(f"{words.one_line(job.title)}: {line}", flush=True)
        line = words.standing(job, time.time())
        if line != self._last.get(job.task_id):
            self._last[job.task_id] = line
            print(f"{words.one_line(job.title)}: {line}", flush=True)
        if job.final and (result := words.result(job)):
            print(f"{words.one_line(job.title)}: {words.one_line(result)}", flush=True)

    def refuse(self, task_id: str, message: str) -> None:
        """Say so where errors go."""
        print(f"{task_id}: {message}", file=sys.stderr, flush=True)


class Screen:
    """A bar for each job, its steps below it; what the jobs write and log scrolls by above."""

    def __init__(self, console: Console, *, several: bool) -> None:
        self._console = console
        self._several = several
        self._jobs: dict[str, Job] = {}
        self._written = Written()
        self.live = Live(
            console=console, get_renderable=self._drawn, refresh_per_second=DRAWS_A_SECOND, transient=False
        )

    def show(self, job: Job, event: Event | GapEvent) -> None:
        """Draw it with the next frame."""
        known = self._jobs.get(job.task_id)
        self._jobs[job.task_id] = job
        for line in self._written.lines(job, event):
            self._print(job, line)
        if job.final and not (known and known.final) and (result := words.result(job)):
            self._print(job, result)

    def refuse(self, task_id: str, message: str) -> None:
        """Say so above."""
        self._console.print(Line(f"{task_id}: {message}", style="red"))

    def _print(self, job: Job, text: str) -> None:
        prefix = f"{words.one_line(job.title)}: " if self._several else ""
        self._console.print(Line(prefix + text))

    def _drawn(self) -> Group:
        return Group(*(part for job in self._jobs.values() for part in _drawn(job)))


class Written:
    """What jobs write, by lines: a line is shown when it is whole, or its job has ended."""

    def __init__(self) -> None:
        self._texts: dict[str, Text] = {}
        self._rest: dict[str, str] = {}

    def lines(self, job: Job, event: Event | GapEvent) -> list[str]:
        """The lines that an event completes."""
        if isinstance(event, LogEvent):
            return words.shown(event.data).splitlines()
        text = self._texts.setdefault(job.task_id, Text())
        *lines, rest = (self._rest.get(job.task_id, "") + text.take(event)).split("\n")
        if job.final and rest:
            lines.append(rest)
            rest = ""
        self._rest[job.task_id] = rest
        return [words.shown(line) for line in lines]


@contextmanager
def display_for(*, several: bool, as_json: bool = False) -> Iterator[Display]:
    """The way to show one job, or ``several``, where standard output goes."""
    if as_json:
        yield JsonLines()
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        yield PlainLines()
        return
    screen = Screen(console, several=several)
    with screen.live:
        yield screen


def _drawn(job: Job) -> Iterator[Table | Padding]:
    row = Table.grid(padding=(0, 1), expand=True)
    for _ in range(4):
        row.add_column(no_wrap=True)
    row.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    style = _STYLES.get(job.state, "")
    bar = ProgressBar(100, job.percent or 0, width=BAR, pulse=job.percent is None and not job.final)
    situation = words.situation(job, time.time())
    cells = (words.one_line(job.title), words.one_line(job.state), words.percent(job), situation)
    title, state, number, rest = map(Line, cells)
    state.stylize(style)
    row.add_row(title, bar, number, state, rest)
    yield row
    for step in job.steps:
        yield Padding(Line(words.step(step)), (0, 0, 0, 2 + 2 * step.depth))
