"""Where the peers written in Python find Redis, and each task's events in it."""

REDIS_URL = "REDIS_URL"


def channel(task_id: str) -> str:
    """Where a worker publishes the task's events."""
    return f"task:{task_id}"
