"""What each task did, in its own words and in a file of its own, which no fault of Redis reaches."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RETURNED = "returned"


@dataclass
class Run:
    """One execution of a task: how many words it said, and whether it came to its end."""

    id: str
    words: int = 0
    returned: bool = False


class Ledger:
    """A folder with a file for each task. A run writes down what it does before it does it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, task_id: str, run: str, word: int | str) -> None:
        """One line, in one write: runs of a task may write at once, and may be killed at any moment."""
        file = os.open(self._folder / task_id, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, f"{run} {word}\n".encode())
        finally:
            os.close(file)

    def runs(self, task_id: str) -> dict[str, Run]:
        """The runs of a task by their ids, in the order in which they began."""
        file = self._folder / task_id
        found: dict[str, Run] = {}
        for line in file.read_text().splitlines() if file.exists() else ():
            run_id, _, word = line.partition(" ")
            run = found.setdefault(run_id, Run(run_id))
            if word == RETURNED:
                run.returned = True
            else:
                run.words = int(word)
        return found
