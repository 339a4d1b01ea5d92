"""The dashboard open in a browser for 10,000 jobs: its memory, its CPU, and whether its figures are true.

    python -m benchmarks.dashboard_hour [--minutes M] [--quick] [--json FILE] [--markdown]

The journals of 10,000 jobs, nine events each, are written within so many minutes (ten; with 60 it is the hour
itself), while Chromium has the dashboard open. Then more jobs come at an hour's pace, 2.8 each second, beside
the list of 10,000: by that the browser is judged, since much is spent by the second and not by the job. At
the end what the page says is compared with the journals.

CPU is that of all of the browser's processes, as a part of one core. Memory is what the process that draws
the page (the renderer) has for itself alone, as Chromium's task manager shows it: the most that was seen,
garbage included, and what is left when that is collected. The browser's program, some 60 MB that all of its
processes share, is no part of it. The heap is that of the page's JavaScript.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from contextlib import ExitStack
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

import httpx
import psutil

from stack.valkey import Valkey
from taskbeam.gateway.dashboard.rows import Kind, kind_of
from tests.support.chromium import chromium
from tests.support.gateway import Gateway, gateway
from tests.support.journal import Journals

from . import command
from .machine import cpu_seconds
from .played_jobs import plan, play, states
from .report import Figure, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import CDPSession, Page

    from tests.support.journal import Task

    from .played_jobs import Step

SUMMARY = "dashboard: 10,000 jobs while a browser has it open"

COUNT, MINUTES = 10_000, 10.0
#: Jobs per second of an hour.
PACE = COUNT / 3600
#: Seconds at that pace, and until the page has drawn what was told last.
AT_PACE, SETTLING = 180.0, 60.0
#: What is promised: part of a core in percent, and megabytes.
CPU_LIMIT, MEMORY_LIMIT = 10.0, 150.0

#: The same, quickly.
QUICK_COUNT, QUICK_SECONDS, QUICK_AT_PACE = 300, 15.0, 10.0


class Used(NamedTuple):
    """What the browser took: part of a core in percent, and megabytes at the most."""

    cpu: float
    renderer: float
    collected: float
    heap: float


class Browser:
    """The dashboard in a browser, and what that takes."""

    def __init__(self, page: Page, pid: int) -> None:
        self._page, self._pid = page, pid
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")

    def while_(self, work: Callable[[], None], each_minute: Callable[[], None]) -> Used:
        """Look each second at what the browser takes, until the work is done in a thread of its own."""
        thread = Thread(target=work, daemon=True)
        cpu, began, renderer, heap = cpu_seconds(self._pid), time.monotonic(), 0.0, 0.0
        thread.start()
        for second in count(1):
            self._page.wait_for_timeout(1000)
            renderer, heap = max(renderer, self._renderer()), max(heap, self._heap())
            if second % 60 == 0:
                each_minute()
            if not thread.is_alive():
                break
        share = 100 * (cpu_seconds(self._pid) - cpu) / (time.monotonic() - began)
        self._session.send("HeapProfiler.collectGarbage")
        return Used(share, renderer / 1e6, self._renderer() / 1e6, heap / 1e6)

    def _renderer(self) -> int:
        """The largest: others wait for pages that nobody opens."""
        found = psutil.Process(self._pid).children(recursive=True)
        return max(each.memory_full_info().uss for each in found if "--type=renderer" in each.cmdline())

    def _heap(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "JSHeapUsedSize"))

    def says(self, address: str, place: str) -> str:
        """What stands at a place of the page at an address of it."""
        self._page.goto(address)
        self._page.wait_for_function("place => document.querySelector(place)?.textContent.trim()", arg=place)
        return self._page.locator(place).inner_text()


class Ticks:
    """What the gateway has told the page, added up."""

    def __init__(self, served: Gateway) -> None:
        self._url = f"{served.http}/tasks/taskbeam.dashboard/events"
        self._cursor: str | None = None
        self.counts: Counter[str] = Counter()

    def read(self) -> None:
        """What is new; the journal keeps ten minutes."""
        query = {"limit": "1000"} | ({"after": self._cursor} if self._cursor else {})
        for event in httpx.get(self._url, params=query, timeout=60).json()["events"]:
            self._cursor = event["id"]
            for counts in event["data"]["tasks"].values():
                self.counts.update(counts)


def browser_process() -> int:
    """The one that we have started."""
    for child in psutil.Process().children(recursive=True):
        line = child.cmdline()
        if any("headless" in word for word in line) and not any(word.startswith("--type=") for word in line):
            return child.pid
    raise RuntimeError("the browser has no process of ours")


def told(counts: Counter[str]) -> dict[str, int]:
    """What ticks tell of jobs in these states."""
    names = {"SUCCESS": "succeeded", "FAILURE": "failed", "REVOKED": "cancelled", "LOST": "lost"}
    return {names[state]: count for state, count in counts.items()}


def measure(quick: bool, minutes: float) -> Report:
    """Play the jobs, and look."""
    jobs, seconds, at_pace = (
        (QUICK_COUNT, QUICK_SECONDS, QUICK_AT_PACE) if quick else (COUNT, minutes * 60, AT_PACE)
    )
    tasks: dict[int, Task] = {}
    with ExitStack() as stack:
        valkey = stack.enter_context(Valkey())
        journals = stack.enter_context(Journals(valkey.url(1)))
        served = stack.enter_context(
            gateway(valkey.url().removesuffix("/0"), dashboard=1, log_level="warning")
        )
        page = stack.enter_context(chromium()).new_page()
        page.goto(f"{served.http}/dashboard/")
        page.get_by_text("Live over").wait_for()
        browser, ticks = Browser(page, browser_process()), Ticks(served)

        def played(steps: list[Step], into: dict[int, Task]) -> Used:
            late: list[float] = []
            used = browser.while_(lambda: late.append(play(journals, steps, into)), ticks.read)
            notes.append(f"The latest of {len(steps)} events was written {late[0]:.1f} s after its time.")
            ticks.read()
            return used

        notes: list[str] = []
        command.progress(f"{jobs} jobs in {seconds:.0f} s")
        fast = played(plan(jobs, seconds), tasks)
        command.progress(f"an hour's pace for {at_pace:.0f} s")
        more: dict[int, Task] = {}
        slow = played(plan(round(at_pace * PACE), at_pace, seed=8), more)
        found = states(journals, [*tasks.values(), *more.values()])
        fault = _difference(served, browser, ticks, found)
    return Report(
        [
            *_figures(f"{jobs} jobs in {seconds / 60:g} min", fast, judged=not quick and minutes >= 60),
            *_figures("then an hour's pace", slow, judged=not quick),
            Figure(
                case="figures",
                subject="jobs counted",
                value=found.total(),
                unit="jobs",
                ours=True,
                fault=fault,
            ),
        ],
        notes=notes,
    )


def _difference(served: Gateway, browser: Browser, ticks: Ticks, found: Counter[str]) -> str:
    """Where the page says something else than the journals; empty: nowhere."""
    end, wrong = time.monotonic() + SETTLING, "?"
    while wrong and time.monotonic() < end:
        time.sleep(1)
        ticks.read()
        wrong = _wrong(served, browser, ticks, found)
    return wrong


def _wrong(served: Gateway, browser: Browser, ticks: Ticks, found: Counter[str]) -> str:
    total = found.total()
    expected = told(found) | {"sent": total, "started": total}
    if (counted := {name: ticks.counts[name] for name in expected}) != expected:
        return f"ticks: {counted} and not {expected}"
    kinds = Counter({str(kind_of({"state": state})): count for state, count in found.items()})
    for kind in ("", *Kind):
        count = total if not kind else kinds[kind]
        address = f"{served.http}/dashboard/" + (f"?state={kind}" if kind else "")
        text = browser.says(address, "#jobs .note")
        if f"{count:,}" not in text.split() and f"{count} job" not in text:
            return f"page: {text!r} for {kind or 'all'}, and not {count}"
    return ""


def _figures(case: str, used: Used, *, judged: bool) -> list[Figure]:
    def figure(subject: str, value: float, unit: str, limit: float | None = None) -> Figure:
        limit = limit if judged else None
        return Figure(case=case, subject=subject, value=value, unit=unit, limit=limit, ours=True)

    return [
        figure("browser CPU", used.cpu, "% of a core", CPU_LIMIT),
        figure("renderer's memory", used.renderer, "MB", MEMORY_LIMIT),
        figure("of it no garbage", used.collected, "MB"),
        figure("JavaScript heap", used.heap, "MB"),
    ]


if __name__ == "__main__":
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--minutes", type=float, default=MINUTES, help="within how many the jobs come; 60 are the hour"
    )
    own = options.parse_known_args()[0]
    sys.exit(command.run("dashboard_hour", SUMMARY, lambda quick: measure(quick, own.minutes), options))
