"""Which tests stay together when they run side by side (`make test`), and which begin first.

pytest-xdist gives a group of tests to whichever process is free. A run is short when no process is left with
a long group in the end, so those begin first. xdist's own order is by number of tests, which says little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePath

#: Folders whose modules share what takes seconds to start; those that take longest first.
FOLDERS = (
    "fates",
    "browser",
    "adoption",
    "proxies",
    "cli",
    "benchmarks",
    "worker",
    "stack",
    "docs",
    "browser/client",
    "taskbeam",
    "canvases",
    "app",
    "kubernetes",
)

#: Of the others each module is a group. They share at most a server that starts at once, and fill the time in
#: which the last folders end: these begin before the many that take less than half a minute.
MODULES = (
    "faults/test_faults",
    "frontend/test_modules",
    "gateway/test_schemathesis",
    "gateway/connections/test_journal",
    "delivery/test_no_gap",
    "feeds/test_campaign",
    "gateway/security/test_every_endpoint",
    "gateway/security/test_api_keys",
    "gateway/security/test_issuers_served",
    "gateway/test_dashboard",
    "gateway/test_redis_faults",
    "gateway/stopping/test_stopping",
    "test_distribution",
)

ORDER = FOLDERS + MODULES


def group(module: PurePath) -> str:
    """The name of what stays together with a module, whose path is below `tests`."""
    folder = module.parent.as_posix()
    return folder if folder in FOLDERS else module.with_suffix("").as_posix()


def turn(name: str) -> int:
    """When a group begins: lower numbers first."""
    return ORDER.index(name) if name in ORDER else len(ORDER)
