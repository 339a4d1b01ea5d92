"""What the doctor thinks of this machine and of the settings."""

from __future__ import annotations

from math import inf

import pytest

from app.settings import Settings as SampleSettings
from stack.services import environment
from stack.settings import Settings
from taskbeam.cli.checks.finding import Level
from taskbeam.cli.checks.machine_rules import (
    about_broker,
    about_descriptors,
    about_history,
    about_keys,
    about_packages,
    about_proxies,
    about_variables,
)
from taskbeam.cli.checks.version_facts import Package, needed_packages
from taskbeam.gateway.environment import unknown_variables
from worker.settings import WorkerSettings

from .findings import amiss, words

WRONG = [("Versions", Level.PROBLEM)]

PYTHON = Package("Python", "3.12.1", ">=3.11")


@pytest.mark.parametrize(
    ("package", "expected", "do"),
    [
        (Package("redis", "6.2.0", ">=5.0.1,<9"), [], ""),
        (Package("redis", "5.0.1rc1", ">=5.0.0"), [], ""),
        (Package("hiredis", "3.0", ""), [], ""),
        (Package("redis", "4.5.2", ">=5.0.1,<9"), WRONG, 'pip install "redis>=5.0.1,<9"'),
        (Package("redis", "9.0.0", ">=5.0.1,<9"), WRONG, 'pip install "redis>=5.0.1,<9"'),
        (Package("redis", None, ">=5.0.1"), WRONG, "redis is not installed"),
        (Package("Python", "3.9.2", ">=3.11"), WRONG, "another Python"),
    ],
)
def test_of_packages(package: Package, expected: list[tuple[str, Level]], do: str) -> None:
    findings = list(about_packages([PYTHON, package]))
    assert amiss(findings) == expected
    assert do in words(findings)


def test_of_what_is_installed_here() -> None:
    packages = list(needed_packages())
    assert {"Python", "celery", "redis", "uvicorn", "fastapi", "kombu"} <= {each.name for each in packages}
    (finding,) = about_packages(packages)
    assert finding.level is Level.OK
    assert finding.what.startswith("Python 3.")
    assert "uvicorn" in finding.what


def test_of_a_history() -> None:
    assert amiss([about_history(None)]) == []
    finding = about_history("file is not a database")
    assert finding.level is Level.PROBLEM
    assert "file is not a database" in finding.what


def test_of_no_metadata() -> None:
    assert amiss(about_packages([])) == [("Versions", Level.WARNING)]


def test_of_the_broker() -> None:
    assert amiss([about_broker(None)]) == []
    assert amiss([about_broker("It is away.")]) == [("Broker", Level.PROBLEM)]


@pytest.mark.parametrize(
    ("soft", "hard", "expected"),
    [
        (20_100, 20_100, []),
        (inf, inf, []),
        (1024, 20_100, [("Open files", Level.WARNING)]),
        (1024, inf, [("Open files", Level.WARNING)]),
        (20_099, 20_099, [("Open files", Level.PROBLEM)]),
    ],
)
def test_of_open_files(soft: float, hard: float, expected: list[tuple[str, Level]]) -> None:
    assert amiss([about_descriptors(soft, hard, 20_000)]) == expected


@pytest.mark.parametrize(
    ("error", "open_to_all", "there_are_some", "own_application", "expected"),
    [
        (None, False, True, False, []),
        (None, True, False, False, [("Tokens", Level.WARNING)]),
        ("There are none.", False, False, False, [("Tokens", Level.PROBLEM)]),
        ("They are no JSON.", False, True, False, [("Tokens", Level.PROBLEM)]),
        # An application may know its users itself; keys that are there are to be good all the same.
        ("There are none.", False, False, True, [("Tokens", Level.WARNING)]),
        ("They are no JSON.", False, True, True, [("Tokens", Level.PROBLEM)]),
    ],
)
def test_of_keys(
    error: str | None,
    open_to_all: bool,
    there_are_some: bool,
    own_application: bool,
    expected: list[tuple[str, Level]],
) -> None:
    finding = about_keys(
        error, open_to_all=open_to_all, there_are_some=there_are_some, own_application=own_application
    )
    assert amiss([finding]) == expected


@pytest.mark.parametrize(
    ("named", "expected"),
    [("", []), ("10.0.0.0/8,127.0.0.1", []), ("*", [("Proxies", Level.WARNING)])],
)
def test_of_proxies(named: str, expected: list[tuple[str, Level]]) -> None:
    assert amiss([about_proxies(named)]) == expected


def test_of_variables() -> None:
    assert amiss(about_variables(["TASKBEAM_X is set."])) == [("Environment", Level.WARNING)]


def test_a_misspelt_variable_is_told_with_the_one_that_is_meant() -> None:
    variables = {"TASKBEAM_HEARTBAET": "3", "TASKBEAM_PORT": "1", "TASKBEAM_ZZZ": "", "HOME": "/"}
    first, second = unknown_variables(variables)
    assert "TASKBEAM_HEARTBAET" in first
    assert "did you mean TASKBEAM_HEARTBEAT?" in first
    assert "TASKBEAM_ZZZ" in second
    assert unknown_variables({"TASKBEAM_UPLOADS_DIR": "/x"}, ["uploads_dir"]) == []
    assert unknown_variables({"TASKBEAM_WORKERS": "2"}) == []
    assert unknown_variables(variables, only_misspelt=True) == [first]


def test_a_variable_of_another_process_is_no_misspelt_one() -> None:
    of_the_worker = environment(Settings(), "redis://127.0.0.1:1")
    assert "TASKBEAM_PUBLIC_URL" in of_the_worker
    assert unknown_variables(of_the_worker, only_misspelt=True) == []
    samples = {f"TASKBEAM_{name.upper()}": "" for name in WorkerSettings.model_fields}
    assert unknown_variables(samples, SampleSettings.model_fields, only_misspelt=True) == []
