"""What is tried of a server, and which of the project's own tests try it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.support.redis_server import knows_tls

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Aspect(NamedTuple):
    """One line of the table.

    Args:
        words: what the page calls it.
        tests: modules, as pytest is given them.
        only: a part of the names of its tests, where others of the module belong to another aspect.
        since: the first release of Redis that has what it needs.
        tls: whether it needs a server that was built with TLS.
    """

    words: str
    tests: tuple[str, ...]
    only: tuple[str, ...] = ("",)
    since: tuple[int, ...] = ()
    tls: bool = False

    def has(self, module: str, name: str) -> bool:
        """Whether a test belongs to it; ``module`` is a path."""
        return module in self.tests and any(part in name for part in self.only)

    def lacks(self, release: tuple[int, ...], program: Path) -> str:
        """Why it cannot be tried on a server; empty if it can."""
        if release < self.since:
            return f"needs {'.'.join(map(str, self.since))}"
        if self.tls and not knows_tls(program):
            return "built without TLS"
        return ""


_CONNECTING = "tests/gateway/connections/test_journal_settings.py"
_TLS = ("TLS", "ssl")

#: An aspect with names comes before one that takes what is left of a module.
ASPECTS: Sequence[Aspect] = (
    Aspect(
        "journals: the scripts, reading, texts",
        (
            "tests/taskbeam/test_append.py",
            "tests/taskbeam/test_appender.py",
            "tests/taskbeam/test_reader.py",
            "tests/taskbeam/test_optional_steps.py",
            "tests/taskbeam/test_kept_text.py",
        ),
    ),
    Aspect("Celery's results, as from the stock backend", ("tests/taskbeam/test_same_as_stock.py",)),
    Aspect("following over all transports", ("tests/gateway/test_gateway.py",)),
    Aspect("feeds", ("tests/taskbeam/test_feeds.py",)),
    Aspect("marks of notifications", ("tests/notifications/test_due.py",)),
    Aspect(
        "users with the [documented rights](operating.md#redis-permissions)",
        ("tests/docs/test_permissions.py",),
    ),
    Aspect("TLS", (_CONNECTING,), only=_TLS, tls=True),
    Aspect("passwords, unix sockets, Sentinel", (_CONNECTING,)),
    Aspect(
        "restarts with and without an append-only file, a replica with lag",
        ("tests/taskbeam/test_server_life.py",),
    ),
    Aspect("failover by Sentinel, and to a replica with lag", ("tests/compatibility/test_promotion.py",)),
    Aspect("evicted journals", ("tests/gateway/test_missing_journals.py",)),
    Aspect("`maxmemory`, too few replicas, a full disk: ends wait", ("tests/fates/test_refused_ends.py",)),
    Aspect("sharded channels", ("tests/gateway/test_sharded.py",), since=(7, 0)),
    Aspect(
        "a cluster, whose slots move",
        (
            "tests/cluster/test_writer.py",
            "tests/cluster/test_subscriber.py",
            "tests/cluster/test_redirection.py",
        ),
        since=(7, 0),
    ),
)


def aspect_of(module: str, name: str) -> Aspect:
    """The one that a test belongs to."""
    return next(aspect for aspect in ASPECTS if aspect.has(module, name))
