"""``python -m tests.cli.pictures``: `taskbeam follow` in a terminal, for the documents. About a minute.

What is drawn is what tmux shows of real jobs, up to the colours: a report, a batch, a job that fails, and one
whose worker is killed.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from stack.valkey import Valkey
from tests.support.closing import close_app
from tests.support.debian import install
from tests.support.gateway import ROOT, gateway
from tests.support.jobs import jobs_app
from tests.support.waiting import wait_until
from tests.support.whole import whole
from tests.support.worker import worker

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = ROOT / "docs/images"

#: Characters.
WIDTH, HEIGHT = 108, 24

#: Seconds.
DEADLINE = 60.0

#: More rounds than the job has time for.
ENDLESS = 10_000_000


class Terminal:
    """A shell in tmux, with the command `taskbeam` for one gateway."""

    def __init__(self, url: str, folder: Path) -> None:
        start = folder / "bashrc"
        command = shlex.quote(sys.executable)
        start.write_text(
            f"PS1='$ '\nexport TASKBEAM_URL={url}\ntaskbeam() {{ {command} -m taskbeam \"$@\"; }}\n"
        )
        self._tmux = ("tmux", "-L", folder.name, "-f", "/dev/null")
        self._shell = f"bash --noprofile --rcfile {start}"
        size = ("-x", str(WIDTH), "-y", str(HEIGHT))
        self._call("new-session", "-d", *size, "-c", str(ROOT), self._shell)

    def type(self, line: str) -> None:
        """Have it carried out, on a screen that is empty but for it."""
        self._call("respawn-pane", "-k", "-c", str(ROOT), self._shell)
        self.wait_for(r"\A\$")
        self._call("send-keys", "-l", line)
        self._call("send-keys", "Enter")

    def wait_for(self, pattern: str) -> None:
        """Until it is to be read."""
        wait_until(lambda: bool(re.search(pattern, self._shown())), self._shown)

    def take(self, name: str, pattern: str = "") -> None:
        """Write what is there as a picture, as soon as the pattern is: it may be gone at once."""
        end = time.monotonic() + DEADLINE
        while not re.search(pattern, shown := self._shown("-e")):
            assert time.monotonic() < end, shown
        screen = Text.from_ansi(shown.rstrip())
        console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
        console.print(screen, end="", no_wrap=True)
        drawn = console.export_svg(title="taskbeam follow", theme=SVG_EXPORT_THEME, unique_id=name)
        # No picture of ours loads anything, here a font.
        drawn = re.sub(r"\s*@font-face \{.*?\}", "", drawn, flags=re.DOTALL)
        (FOLDER / f"terminal-{name}.svg").write_text(drawn)

    def close(self) -> None:
        self._call("kill-server")

    def _shown(self, *options: str) -> str:
        return self._call("capture-pane", "-p", *options)

    def _call(self, *words: str) -> str:
        return subprocess.run([*self._tmux, *words], check=True, capture_output=True, text=True).stdout


@contextmanager
def terminal(url: str) -> Iterator[Terminal]:
    """A terminal of a tmux server of its own."""
    with tempfile.TemporaryDirectory(prefix="taskbeam-") as folder:
        opened = Terminal(url, Path(folder))
        try:
            yield opened
        finally:
            opened.close()


def of_the_sample_service() -> None:
    """A report, a batch, and a report that fails."""
    with (
        tempfile.TemporaryDirectory() as folder,
        whole(Path(folder)) as site,
        terminal(site.address) as shell,
    ):

        def post(path: str, **body: Any) -> str:
            answer = httpx.post(site.address + path, json=body, timeout=60).raise_for_status()
            task_id: str = answer.json()["task_id"]
            return task_id

        shell.type(f"taskbeam follow {post('/reports', user_id=123)}")
        shell.take("report", r"SUCCESS(.|\n)*\n\$")
        # Other people's come first, so that the terminal is there in time.
        for user in range(1, 61):
            post("/reports", user_id=user)
        batch = post("/reports/batches", user_ids=list(range(101, 117)))
        wait_until(lambda: len(members(site.address, batch)) == 16)
        shell.type("taskbeam follow " + " ".join(members(site.address, batch)[:4]))
        shell.take("batch", r"SUCCESS")
        shell.type(f'taskbeam follow {post("/reports", user_id=999)}; echo "exit code $?"')
        shell.wait_for(r"exit code \d")
        shell.take("failure")


def members(address: str, batch: str) -> list[str]:
    """The tasks of a batch, the first one first."""
    snapshot = httpx.get(f"{address}/tasks/{batch}", timeout=60).json()
    if snapshot["state"] != "SUCCESS":
        return []
    listed = httpx.get(f"{address}/feeds/group:{snapshot['result']['group']}", timeout=60).json()
    return [task["task_id"] for task in reversed(listed["tasks"])]


def of_a_lost_worker() -> None:
    """A job whose worker is killed; nobody delivers it again."""
    with ExitStack() as stack:
        redis = stack.enter_context(Valkey())
        url = redis.url().removesuffix("/0")
        served = stack.enter_context(gateway(url, lost_after=2))
        shell = stack.enter_context(terminal(served.http))
        broker, backend = redis.url(0), f"taskbeam+{redis.url(1)}"
        app = jobs_app(broker, backend)
        stack.callback(close_app, app)
        with worker(broker, backend, concurrency=1) as process:
            sent = app.send_task("jobs.digest", [ENDLESS])
            shell.type(f'taskbeam follow {sent.id}; echo "exit code $?"')
            shell.wait_for("PROGRESS")
            process.kill()
        shell.take("lost", r"exit code \d")


def main() -> None:
    """Take all of them."""
    if shutil.which("tmux") is None:
        install("tmux")
    FOLDER.mkdir(parents=True, exist_ok=True)
    of_the_sample_service()
    of_a_lost_worker()


if __name__ == "__main__":
    main()
