"""The shop's Celery application: what any team has before it adopts Taskbeam, but for the backend's URL."""

import os

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
