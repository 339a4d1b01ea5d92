"""The shop's Celery application: what any team has before it adopts Taskbeam, but for the backend's URL."""

import os
import time
from pathlib import Path

from celery import Celery

from taskbeam import progress

celery_app = Celery("shop", broker=os.environ["SHOP_BROKER"], backend=os.environ["SHOP_RESULTS"])


@celery_app.task(name="exports.make")
def make_export(rows: int) -> dict[str, int]:
    """Add up the rows of an export."""
    total = 0
    for row in range(rows):
        total += row
        progress(row + 1, rows, "Adding up")
    return {"total": total}


@celery_app.task(name="logs.count")
def count_lines(path: str) -> dict[str, int]:
    """Count the lines of a file that grows, until one of them is its last."""
    count = 0
    with Path(path).open() as lines:
        while True:
            line = lines.readline()
            if line == "end\n":
                return {"total": count}
            if line:
                count += 1
                progress(count, None, line.strip())
            else:
                time.sleep(0.05)
