"""What the processes and the server hold at a quiet moment: no task runs, and nobody follows one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.stage import Stage

MB = 1024 * 1024


class Reading(NamedTuple):
    """What is measured, and in which unit."""

    of: str
    what: str
    unit: str = ""


#: A value for each reading.
Sample = dict[Reading, float]


def read(stage: Stage, processes: Mapping[str, int]) -> Sample:
    """Look at the processes with these ids, each with its children, and at the results' server."""
    sample: Sample = {}
    for name, pid in processes.items():
        sample |= _read_process(name, pid)
    with stage.servers.redis as client:
        memory = cast("dict[str, int]", client.info("memory"))
        clients = cast("dict[str, int]", client.info("clients"))
        sample[Reading("Redis", "keys")] = sum(
            _keys(cast("dict[str, dict[str, int]]", client.info("keyspace")))
        )
        sample[Reading("Redis", "memory", "MB")] = memory["used_memory"] / MB
        sample[Reading("Redis", "connections")] = clients["connected_clients"]
    return sample


def _read_process(name: str, pid: int) -> Sample:
    parent = psutil.Process(pid)
    family = [parent, *parent.children(recursive=True)]
    return {
        Reading(name, "memory", "MB"): sum(each.memory_info().rss for each in family) / MB,
        Reading(name, "descriptors"): sum(each.num_fds() for each in family),
        Reading(name, "threads"): sum(each.num_threads() for each in family),
    }


def _keys(keyspace: dict[str, dict[str, int]]) -> list[int]:
    return [database["keys"] for database in keyspace.values()]
