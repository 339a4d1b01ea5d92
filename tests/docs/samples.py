"""The samples of a page as the files and commands that they are, and processes that run them.

A sample that begins with `# name.py` or `<!-- name.html -->` is a file; samples of one name are its parts, in
their order, and may say more behind a colon.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from markdown_it import MarkdownIt

from stack.ports import kept_port
from stack.process import ManagedProcess
from tests.support.gateway import ROOT
from tests.support.results import results_at
from tests.support.waiting import START_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey

NAME = re.compile(r"(?:#|<!--) (?P<name>[\w.]+\.(?:py|html))(?:: (?P<part>.+?))?(?: -->)?\n")

#: Where the pages suppose Redis; the results are in its database 1.
REDIS = "redis://localhost:6379"


@dataclass(frozen=True)
class Sample:
    """A fenced block; ``name`` is that of the file that it is a part of."""

    language: str
    text: str
    name: str | None
    part: str | None


def samples(page: str) -> list[Sample]:
    """Those of a page in `docs/`."""
    blocks = MarkdownIt().parse((ROOT / "docs" / page).read_text())
    found = []
    for block in blocks:
        if block.type == "fence":
            name = NAME.match(block.content)
            found.append(Sample(block.info, block.content, name and name["name"], name and name["part"]))
    return found


def commands(page: str) -> list[str]:
    """What a reader types into a terminal."""
    return [
        line
        for sample in samples(page)
        if sample.language == "sh"
        for line in sample.text.splitlines()
        if line
    ]


def write_files(page: str, folder: Path, redis: Valkey) -> None:
    """Write the page's files into the folder, for a Redis of the test's own."""
    for sample in samples(page):
        if sample.name is not None:
            with (folder / sample.name).open("a") as file:
                file.write(moved(sample.text, redis))


def moved(text: str, redis: Valkey) -> str:
    """What a page supposes of Redis, for one of the test's own."""
    text = text.replace(f"{REDIS}/1", results_at(redis.url(1)))
    return text.replace(REDIS, redis.url().removesuffix("/0"))


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Ours, without our own settings, and with the programs beside this Python found first."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("TASKBEAM_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{others.get('PATH', '')}"
    return others | {"PATH": path, "C_FORCE_ROOT": "1"} | variables


@contextmanager
def working(command: str, folder: Path, **variables: str) -> Iterator[ManagedProcess]:
    """Run a worker until the block ends; it is ready when the block begins."""
    lines: list[str] = []
    argv = [*shlex.split(command), "--loglevel=INFO", "--concurrency=1"]
    with ManagedProcess(
        "worker", argv, env=environment(variables), cwd=folder, on_line=lines.append
    ) as process:
        process.wait_until(lambda: any(" ready." in line for line in lines), START_TIMEOUT)
        yield process


@contextmanager
def serving(command: str, folder: Path, live: str = "/live", **variables: str) -> Iterator[str]:
    """Serve by a command on a free port until the block ends; gives the origin."""
    with (
        kept_port() as port,
        ManagedProcess(
            "server",
            [*shlex.split(command), "--port", str(port)],
            env=environment(variables),
            cwd=folder,
        ) as process,
    ):
        origin = f"http://127.0.0.1:{port}"
        process.wait_until(lambda: _answers(f"{origin}{live}/readyz"), START_TIMEOUT)
        yield origin


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
