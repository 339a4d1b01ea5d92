"""What the examples show: a Celery task that takes three seconds. `celery -A jobs worker`"""

from __future__ import annotations

import time

from celery import Celery

from taskbeam import progress

celery_app = Celery("jobs", broker="redis://localhost:6379/0")
celery_app.conf.result_backend = "taskbeam+redis://localhost:6379/1"


@celery_app.task(name="jobs.report")
def make_report() -> dict[str, int]:
    for month in range(1, 13):
        time.sleep(0.25)
        progress(month, 12, f"Counted the orders of month {month}")
    return {"orders": 1204}
