"""What to think of the workers, from what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.cli.checks.finding import Finding, ok, problem, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taskbeam.cli.checks.worker_facts import Taskbeam, WorkerFacts

SUBJECT = "Worker"


def about_workers(
    answering: Sequence[WorkerFacts], leased: Sequence[str], own: Taskbeam, backend: str
) -> Iterator[Finding]:
    """``leased``: the workers with a lease in our Redis.

    ``own``: this machine's Taskbeam, and its ``backend``, without a password.
    """
    for worker in answering:
        yield _elsewhere(worker, backend) if worker.lease is None else _here(worker, own)
    known = {worker.lease for worker in answering}
    for lease in sorted(set(leased) - known):
        yield warning(
            SUBJECT,
            f"{lease} keeps its journals here, and does not answer on this broker",
            "If it was just stopped, wait. If it is busy with the solo pool, or remote control is off, tasks "
            "are cancelled there between two reports. Else compare broker_url.",
        )
    if not answering and not leased:
        yield warning(SUBJECT, "no worker answers", "Start one: celery -A yourapp worker")


def _elsewhere(worker: WorkerFacts, backend: str) -> Finding:
    if worker.backend is None:
        return problem(
            SUBJECT,
            f"{worker.name} keeps no journal here; its result backend is unknown",
            f"Give it result_backend = {backend!r}, and install taskbeam there.",
        )
    if worker.backend == backend:
        return problem(
            SUBJECT,
            f"{worker.name} has the same result backend {backend}, and no lease there",
            "Its host may be another one to it; else look into its log for Taskbeam's lines.",
        )
    return problem(
        SUBJECT,
        f"{worker.name} keeps no journal here: its result backend is {worker.backend}",
        f"Give both the same one; here it is {backend}",
    )


def _here(worker: WorkerFacts, own: Taskbeam) -> Finding:
    theirs = worker.taskbeam
    if theirs is None:
        return warning(
            SUBJECT,
            f"{worker.name} keeps its journals here; the version of its taskbeam is unknown",
            f"It is older than this one ({own.version}), or busy: install the same, or look again.",
        )
    if theirs.key_prefix != own.key_prefix:
        return problem(
            SUBJECT,
            f"{worker.name} writes keys that begin with {theirs.key_prefix}, and here they begin with "
            f"{own.key_prefix}",
            "Give both the same global_keyprefix (here without --celery: TASKBEAM_GLOBAL_KEYPREFIX).",
        )
    if theirs.sharded != own.sharded:
        with_it, without = (worker.name, "the gateway") if theirs.sharded else ("the gateway", worker.name)
        return problem(
            SUBJECT,
            f"{with_it} uses sharded channels, and {without} does not: no event arrives",
            'Give both the same taskbeam_options["sharded"] (here without --celery: TASKBEAM_SHARDED).',
        )
    if theirs.version != own.version:
        return warning(
            SUBJECT,
            f"{worker.name} has taskbeam {theirs.version}, and here it is {own.version}",
            "Install the same version on both.",
        )
    return ok(SUBJECT, f"{worker.name} answers, and keeps its journals here (taskbeam {theirs.version})")
