"""From a visitor's click to the first event on the screen, on a slow network: requests, bytes, time.

    python -m benchmarks.first_event [--quick] [--json FILE] [--markdown]

Chromium opens a page with the client, one with the element, and the live page of the application in `app/`,
each in a new profile, as an installed gateway serves them. Each round trip takes 400 ms, and 50 KB come per
second. The task that they follow has told of its progress before, so the first event is there to be read.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from stack.valkey import Valkey
from tests.browser.gallery import gallery, markup
from tests.support.chromium import chromium

from . import command
from .report import Figure, Report
from .visit import Network, Visit, visit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.browser.gallery import Gallery

SUMMARY = "first event: a new visitor on a network of 400 ms and 50 KB/s"

SLOW = Network(latency=400, speed=50 * 1024)
#: Seconds within which the first event is to be seen.
GOAL = 2.0
ROUNDS = 5

#: What the task says, and all that a visit waits for.
MESSAGE = "Reading the orders"

#: The script of a page that uses the client.
SCRIPT = """\
import { watch } from "./client/index.js";

watch(location.hash.slice(1)).addEventListener("progress", ({ detail }) => {
  document.querySelector("main").append(detail.progress.message);
});
"""
#: The script is loaded at once with the module that it imports.
HEAD = '<link rel="modulepreload" href="/client/index.js"><script type="module" src="/client.js"></script>'


def pages(served: Gallery) -> dict[str, str]:
    """The addresses of the pages, by what each uses; they show a task that has said `MESSAGE`."""
    task = served.task()
    task.start()
    task.progress(1, 10, MESSAGE)
    (served.folder / "client.js").write_text(SCRIPT)
    return {
        "client": f"{served.page('', HEAD)}#{task.id}",
        "element": served.page(markup(task)),
        "page": f"{served.address}/#{task.id}",
    }


@contextmanager
def bundled_pages() -> Iterator[dict[str, str]]:
    """`pages` of a gateway that runs as long as the block."""
    with (
        Valkey() as valkey,
        TemporaryDirectory(prefix="bench-") as folder,
        gallery(valkey, Path(folder, "static"), bundled=True) as served,
    ):
        yield pages(served)


def measure(quick: bool) -> Report:
    """Each page in turn, so many times."""
    visits: dict[str, list[Visit]] = {}
    with bundled_pages() as found, chromium() as browser:
        for _ in range(1 if quick else ROUNDS):
            for name, address in found.items():
                command.progress(name)
                visits.setdefault(name, []).append(visit(browser, address, MESSAGE, SLOW))
    return Report([figure for name, seen in visits.items() for figure in figures(name, seen, quick)])


def figures(name: str, visits: Sequence[Visit], quick: bool) -> list[Figure]:
    """Time, requests and bytes. The time is a promise, unless measured ``quick``."""
    seconds = [each.seconds for each in visits]
    time = Figure(
        case=name,
        subject="first event",
        value=median(seconds),
        unit="s",
        low=min(seconds),
        high=max(seconds),
        limit=None if quick else GOAL,
        ours=True,
    )
    counted = {"requests": len(visits[0].paths), "KB": visits[0].bytes / 1024}
    return [
        time,
        *(
            Figure(case=name, subject=unit, value=value, unit=unit, ours=True)
            for unit, value in counted.items()
        ),
    ]


if __name__ == "__main__":
    sys.exit(command.run("first_event", SUMMARY, measure))
