"""In which trace each job is, for the operators. Nobody else is told: it names what other systems know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.tracing.traceparent import traceparent_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskbeam.journal.keys import JournalNames


async def add_traces(redis: Any, names: JournalNames, jobs: Sequence[dict[str, Any]]) -> None:
    """Give each job that is traced its ``trace``, a `traceparent`; raises redis-py's errors."""
    if not jobs:
        return
    heads = redis.pipeline(transaction=False)
    for job in jobs:
        heads.hget(names.task(job["id"]).head, "trace")
    # A key of another type in a head's place, say, is no reason to tell nothing at all.
    for job, trace in zip(jobs, await heads.execute(raise_on_error=False), strict=True):
        if isinstance(trace, bytes) and (known := traceparent_in(trace.decode(errors="replace"))):
            job["trace"] = known
