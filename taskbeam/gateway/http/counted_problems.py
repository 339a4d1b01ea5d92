"""Counts what a request is answered that has gone wrong, where a gateway answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope

    from taskbeam.gateway.problems import Problem
    from taskbeam.measures.client_counts import ClientCounts

_COUNTS = "taskbeam.counts"


def count_in(scope: Scope, counts: ClientCounts) -> None:
    """A gateway answers the request, and counts there."""
    scope[_COUNTS] = counts


def count_problem(scope: Scope, problem: Problem) -> None:
    """The client is told so. A request that never came to a gateway is not counted."""
    counts: ClientCounts | None = scope.get(_COUNTS)
    if counts is not None:
        counts.problems[problem.code] += 1
