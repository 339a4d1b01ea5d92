"""Which tasks need which files: a task claims what it reads and stores, for as long as its journal lives."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from itertools import islice
from typing import Any

from celery import Celery, current_task

# Seconds that the claims on a file outlive the newest of them: longer than any journal.
KEEP = 30 * 24 * 60 * 60

# Files that are asked about at once.
BATCH = 500


class Claim(Enum):
    """What becomes of a file depends on who has claimed it."""

    NEVER = auto()  # an upload, perhaps, whose task still waits
    LIVING = auto()  # a task that waits, runs, or whose journal can still be read
    EXPIRED = auto()  # tasks of which nothing is left


class Claims:
    """Kept in Redis, beside the results: a set of the tasks' ids for each file.

    If Redis loses them it has lost the journals, too. Raises redis-py's errors.
    """

    def __init__(self, app: Celery, folder: str) -> None:
        """``folder`` tells the files of one folder from those of others."""
        self._app: Any = app  # celery-types knows nothing of the Redis backend's own
        self._prefix = f"taskbeam:claims:{folder}:"

    def add(self, path: str) -> None:
        """The running task needs the file; nothing where no task runs."""
        task_id = current_task.request.id if current_task else None
        if task_id is None:
            return
        with self._client.pipeline(transaction=False) as pipe:
            pipe.sadd(self._prefix + path, task_id)
            pipe.expire(self._prefix + path, KEEP)
            pipe.execute()

    def of(self, paths: Iterable[str]) -> Iterator[Claim]:
        """Who has claimed each; ids of tasks of which nothing is left are forgotten."""
        rest = iter(paths)
        while part := list(islice(rest, BATCH)):
            yield from self._of(part)

    def forget(self, path: str) -> None:
        """The file is gone."""
        self._client.delete(self._prefix + path)

    @property
    def _client(self) -> Any:
        return self._app.backend.client

    def _of(self, paths: Sequence[str]) -> list[Claim]:
        claims = self._each(paths, lambda pipe, path: pipe.smembers(self._prefix + path))
        ids = sorted({task_id for claimed in claims for task_id in claimed})
        living = dict(zip(ids, self._each(ids, self._is_there), strict=True))
        dead = [{each for each in claimed if not living[each]} for claimed in claims]
        forgotten = [(path, each) for path, each in zip(paths, dead, strict=True) if each]
        self._each(forgotten, lambda pipe, both: pipe.srem(self._prefix + both[0], *both[1]))
        return [_claim(claimed, gone) for claimed, gone in zip(claims, dead, strict=True)]

    def _is_there(self, pipe: Any, task_id: bytes) -> None:
        keys = self._app.backend.keys(task_id.decode())
        pipe.exists(keys.head, keys.result)

    def _each(self, names: Sequence[Any], command: Callable[[Any, Any], object]) -> list[Any]:
        with self._client.pipeline(transaction=False) as pipe:
            for name in names:
                command(pipe, name)
            found: list[Any] = pipe.execute()
        return found


def _claim(claimed: set[bytes], gone: set[bytes]) -> Claim:
    if not claimed:
        return Claim.NEVER
    return Claim.LIVING if claimed - gone else Claim.EXPIRED
