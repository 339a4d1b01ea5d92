"""Servers for the tests: each is real, on a free port, and ended by whoever started it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from stack.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Iterator

# A slow machine is not a failure, and a failure is found again from the printed example.
settings.register_profile("taskbeam", deadline=None, print_blob=True)
settings.load_profile("taskbeam")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side (`-n 4 --dist loadgroup`), a folder of tests stays together, with what it shares."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(str(item.path.parent)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what a test could not try on this machine: its property "lacking"."""
    reports = terminalreporter.getreports("passed")
    lacking = [value for report in reports for name, value in report.user_properties if name == "lacking"]
    if lacking:
        terminalreporter.section("not tried on this machine")
        terminalreporter.write_line("\n".join(map(str, lacking)))


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    """The module's own. Folders whose modules share one have it in their conftest.py."""
    with Valkey() as server:
        yield server
