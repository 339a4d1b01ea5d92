"""`python -m worker ...`: Celery's own command line on the application built from the settings.

Without arguments it starts a worker for all queues.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from .celery_app import create_celery
from .settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Callable


def main(argv: list[str]) -> int:
    """Run one Celery command and return its exit code."""
    # Celery's type stubs say that this never returns; it returns the exit code of a failed command.
    start: Callable[[list[str]], int | None] = create_celery(WorkerSettings()).start
    try:
        return start(argv or ["worker"]) or 0
    except click.ClickException as mistake:
        mistake.show()
        return mistake.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
