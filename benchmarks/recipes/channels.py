"""Where the peers written in Python find Redis, and each task's events in it."""

REDIS_URL = "REDIS_URL"
CHANNEL_PREFIX = "CHANNEL_PREFIX"

#: What stands before the task's id.
PREFIX = "task:"


def channel(task_id: str) -> str:
    """Where a worker publishes the task's events."""
    return f"{PREFIX}{task_id}"
