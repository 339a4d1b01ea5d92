"""Servers for the tests: each is real, on a free port, and ended by whoever started it."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from stack.valkey import Valkey, serve_with
from tests.support.journal import Journals, Task
from tests.support.patient_http import patient_http
from tests.support.patient_websockets import patient_websockets
from tests.support.redis_cluster import want_cluster
from tests.support.redis_server import knows_tls, serve_tls_with
from tests.support.results import results_of_all
from tests.support.side_by_side import group, turn
from tests.support.warm.programs import warm_programs

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent

# A slow machine is not a failure, and the same commit has the same examples. --hypothesis-profile=search has
# others each time, and a failure is found again from the printed one.
settings.register_profile("search", deadline=None, print_blob=True)
settings.register_profile("taskbeam", settings.get_profile("search"), derandomize=True)
settings.load_profile("taskbeam")


def pytest_addoption(parser: pytest.Parser) -> None:
    where = "tests that can have their journals on a Redis Cluster do"
    parser.addoption("--on-cluster", action="store_true", help=where)
    program = "the Redis or Valkey server that tests start, in place of the wheel's"
    parser.addoption("--redis-server", type=Path, metavar="PROGRAM", help=program)


def pytest_configure(config: pytest.Config) -> None:
    want_cluster(config.getoption("--on-cluster"))
    asked_for = config.getoption("--redis-server")
    serve_with(asked_for)
    serve_tls_with(asked_for if asked_for and knows_tls(asked_for) else None)
    # In the background of a shell SIGINT is ignored, and so it would be by all that the tests start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side, tests that share something stay together, and those that take longest begin first."""
    groups = {item: group(item.path.relative_to(TESTS)) for item in items}
    items.sort(key=lambda item: turn(groups[item]))
    for item, name in groups.items():
        item.add_marker(pytest.mark.xdist_group(name))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what a test could not try on this machine: its property "lacking"."""
    reports = terminalreporter.getreports("passed")
    lacking = [value for report in reports for name, value in report.user_properties if name == "lacking"]
    if lacking:
        terminalreporter.section("not tried on this machine")
        terminalreporter.write_line("\n".join(map(str, lacking)))


@pytest.fixture(scope="session", autouse=True)
def _patient_clients() -> Iterator[None]:
    with patient_http(), patient_websockets():
        yield


@pytest.fixture(scope="session", autouse=True)
def _results() -> Iterator[None]:
    with results_of_all():
        yield


@pytest.fixture(scope="session", autouse=True)
def _warm_programs() -> Iterator[None]:
    with warm_programs():
        yield


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """The module's own. Folders whose modules share one have it in their conftest.py."""
    with Valkey() as server:
        yield server


@pytest.fixture(scope="module")
def journals(valkey: Valkey) -> Iterator[Journals]:
    """On whichever server is the module's."""
    with Journals(valkey.url(1)) as found:
        yield found


@pytest.fixture
def task(journals: Journals) -> Task:
    """A task that was just sent."""
    return journals.task()
